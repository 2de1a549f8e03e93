/** The toasts that are there now, told to a screen reader as well. */
import {
  Link,
  Toast,
  ToastBody,
  Toaster,
  ToastFooter,
  ToastTitle,
  useId,
  useToastController,
} from '@fluentui/react-components';
import { useEffect } from 'react';
import { NARROW, useMedia } from './media';
import { Said } from './sentences';
import { showToasts } from './toasts';
import { useTranslation } from './translation';

export default function Toasts() {
  const { t } = useTranslation();
  const toaster = useId('toaster');
  const position = useMedia(NARROW) ? 'top' : 'bottom';
  const { dispatchToast } = useToastController(toaster);
  useEffect(
    () =>
      showToasts(({ title, problem, undo }) =>
        dispatchToast(
          <Toast>
            <ToastTitle>{title}</ToastTitle>
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
            {undo && (
              <ToastFooter>
                <Link as="button" onClick={undo}>
                  {t('ui.undo')}
                </Link>
              </ToastFooter>
            )}
          </Toast>,
          { intent: problem ? 'error' : 'success', timeout: problem ? -1 : undo ? 15_000 : 7000 },
        ),
      ),
    [dispatchToast, t],
  );
  // Where it covers neither a panel's buttons nor the page's title.
  return <Toaster toasterId={toaster} position={position} pauseOnHover limit={3} />;
}
