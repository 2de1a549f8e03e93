/** The two consents of an admin, each with the one sentence that says what it opens. */
import { Checkbox, makeStyles, tokens } from '@fluentui/react-components';
import { useTranslation } from '@isopolity/ui/translation';

export interface Given {
  acceptUsers: boolean;
  skipConsent: boolean;
}

const useStyles = makeStyles({
  list: { display: 'grid', gap: '12px' },
  hint: { margin: '0', paddingInlineStart: '28px', color: tokens.colorNeutralForeground2 },
});

export function Consents({ given, onChange }: { given: Given; onChange: (given: Given) => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  return (
    <div className={styles.list} role="group" aria-label={t('consent.title')}>
      {(['acceptUsers', 'skipConsent'] as const).map((which) => (
        <div key={which}>
          <Checkbox
            label={t(`consent.${which}`)}
            checked={given[which]}
            onChange={(_, { checked }) => onChange({ ...given, [which]: checked === true })}
          />
          <p className={styles.hint}>{t(`consent.${which}Hint`)}</p>
        </div>
      ))}
    </div>
  );
}
