/** What the admin of an invited tenant has to know, to copy and send: no mail goes out from here. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { CopyRegular } from '@fluentui/react-icons';
import { CopyButton } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { BASE } from '../../session';

const useStyles = makeStyles({
  box: {
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
    padding: '12px 16px',
    marginBlock: '16px',
  },
  text: { margin: '0 0 12px', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
});

export function Instructions(props: {
  organization: string;
  invited: string;
  ownName: string;
  own: string;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const text = t('instructions.text', {
    organization: props.organization,
    invited: props.invited,
    tenant: props.ownName,
    link: `${location.origin}${BASE}/organization?invitation=${props.own}`,
  });
  return (
    <div className={styles.box}>
      <p className={styles.text}>{text}</p>
      <CopyButton size="small" icon={<CopyRegular />} text={text} label={t('instructions.copy')} />
    </div>
  );
}
