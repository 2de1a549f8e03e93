/** Which settings a change touches, by partner; what opens something is marked. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { Mark } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import type { JoinPreview } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { useStory } from '../../why/story';

const useStyles = makeStyles({
  partner: {
    marginBlock: '16px 4px',
    fontSize: 'inherit',
    fontWeight: tokens.fontWeightSemibold,
  },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '6px' },
  item: { display: 'grid', gridTemplateColumns: '14px 1fr', gap: '10px' },
  mark: { marginBlockStart: '3px' },
  note: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
});

export function SettingChanges({ changes }: { changes: JoinPreview['changes'] }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const partners = [...new Set(changes.map(({ tenantId }) => tenantId))];
  const story = useStory(partners);
  const { name, own } = useTenants(partners);
  return (
    <>
      {partners.map((partner) => (
        <section key={partner}>
          <h3 className={styles.partner}>{name(partner)}</h3>
          <ul className={styles.list}>
            {changes
              .filter(({ tenantId }) => tenantId === partner)
              .map((change) => (
                <li key={change.setting} className={styles.item}>
                  <Mark tone={change.loosens ? 'waiting' : 'none'} className={styles.mark} />
                  <span>
                    {story.setting(change.setting, own, partner)}
                    {change.existing && <span className={styles.note}> {t('join.existing')}</span>}
                  </span>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </>
  );
}
