/** What the admin of an invited tenant has to know, to copy and send: no mail goes out from here. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { CopyRegular } from '@fluentui/react-icons';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
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
  const [copied, setCopied] = useState(false);
  const text = t('instructions.text', {
    organization: props.organization,
    invited: props.invited,
    tenant: props.ownName,
    link: `${location.origin}${BASE}/organization?invitation=${props.own}`,
  });
  return (
    <div className={styles.box}>
      <p className={styles.text}>{text}</p>
      <Button
        size="small"
        icon={<CopyRegular />}
        onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
      >
        {copied ? t('ui.copied') : t('instructions.copy')}
      </Button>
    </div>
  );
}
