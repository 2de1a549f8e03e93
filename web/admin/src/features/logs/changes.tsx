/** What a change has changed: before and after. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { useTranslation } from '@isopolity/ui/translation';

const useStyles = makeStyles({
  table: { width: '100%', borderCollapse: 'collapse', tableLayout: 'fixed' },
  cell: {
    padding: '6px 8px 6px 0',
    textAlign: 'start',
    verticalAlign: 'top',
    overflowWrap: 'anywhere',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    fontWeight: tokens.fontWeightRegular,
    fontSize: tokens.fontSizeBase200,
  },
  head: { color: tokens.colorNeutralForeground2 },
});

interface Modified {
  displayName?: string | null | undefined;
  oldValue?: string | null | undefined;
  newValue?: string | null | undefined;
}

export function Changes({ changes }: { changes: Modified[] }) {
  const { t } = useTranslation();
  const styles = useStyles();
  if (!changes.length) return null;
  return (
    <table className={styles.table}>
      <thead className={styles.head}>
        <tr>
          <th className={styles.cell}>{t('logs.property')}</th>
          <th className={styles.cell}>{t('logs.before')}</th>
          <th className={styles.cell}>{t('logs.after')}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={change.displayName}>
            <th className={styles.cell} scope="row">
              {change.displayName}
            </th>
            <td className={styles.cell}>{change.oldValue ?? '–'}</td>
            <td className={styles.cell}>{change.newValue ?? '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
