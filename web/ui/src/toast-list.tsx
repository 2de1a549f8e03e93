/** The toasts that are there now, told to a screen reader as well. */
import {
  Button,
  Link,
  makeStyles,
  Toast,
  ToastBody,
  Toaster,
  ToastFooter,
  ToastTitle,
  ToastTrigger,
  useId,
  useToastController,
} from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import { useEffect, useState } from 'react';
import { CallText } from './graph-call';
import { NARROW, useMedia } from './media';
import { Said } from './sentences';
import { showToasts, type Told } from './toasts';
import { useTranslation } from './translation';

const useStyles = makeStyles({
  call: { minWidth: 0 },
});

export default function Toasts() {
  const toaster = useId('toaster');
  const position = useMedia(NARROW) ? 'top' : 'bottom';
  const { dispatchToast, updateToast } = useToastController(toaster);
  useEffect(() => {
    let count = 0;
    return showToasts((told) => {
      count += 1;
      const toastId = `${toaster}-${count}`;
      const stay = () => updateToast({ toastId, timeout: -1 });
      dispatchToast(<OneToast told={told} onStay={stay} />, {
        toastId,
        intent: told.problem ? 'error' : 'success',
        timeout: told.problem ? -1 : told.undo ? 15_000 : 7000,
      });
    });
  }, [dispatchToast, updateToast, toaster]);
  // Where it covers neither a panel's buttons nor the page's title.
  return <Toaster toasterId={toaster} position={position} pauseOnHover limit={3} />;
}

/** Who looks at the call wants the toast to stay. */
function OneToast(props: { told: Told; onStay: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { title, problem, undo, call } = props.told;
  const [isCallShown, setCallShown] = useState(false);
  const isCallOffered = Boolean(call?.length) && !isCallShown;
  return (
    <Toast>
      <ToastTitle
        action={
          <ToastTrigger>
            <Button
              appearance="transparent"
              size="small"
              icon={<DismissRegular />}
              aria-label={t('ui.close')}
            />
          </ToastTrigger>
        }
      >
        {title}
      </ToastTitle>
      {problem && (
        <ToastBody>
          {problem.kind === 'unreachable' ? (
            t('problem.unreachable')
          ) : (
            <>
              <Said text={problem.message} /> {t('problem.nothingChanged')}
            </>
          )}
        </ToastBody>
      )}
      {call && isCallShown && (
        <ToastBody className={styles.call}>
          <CallText change={call} />
        </ToastBody>
      )}
      {(undo || isCallOffered) && (
        <ToastFooter>
          {undo && (
            <Link as="button" onClick={undo}>
              {t('ui.undo')}
            </Link>
          )}
          {isCallOffered && (
            <Link
              as="button"
              onClick={() => {
                setCallShown(true);
                props.onStay();
              }}
            >
              {t('ui.graphCall')}
            </Link>
          )}
        </ToastFooter>
      )}
    </Toast>
  );
}
