/** Which settings a change touches, by partner; an open lock is what opens something. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { LockClosedRegular, LockOpenRegular } from '@fluentui/react-icons';
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
  item: { display: 'grid', gridTemplateColumns: '16px 1fr', gap: '8px' },
  mark: {
    display: 'flex',
    marginBlockStart: '2px',
    fontSize: '16px',
    color: tokens.colorBrandForeground1,
  },
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
                  <span className={styles.mark}>
                    {change.loosens ? <LockOpenRegular /> : <LockClosedRegular />}
                  </span>
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
