/** People, groups and applications in a list, each to be taken out; and a picker that adds more. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import { useTranslation } from '@isopolity/ui/translation';
import type { ReactNode } from 'react';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: '12px 0 0', padding: 0 },
  item: {
    display: 'flex',
    alignItems: 'center',
    gap: '8px',
    minHeight: '36px',
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  name: { flexGrow: 1, minWidth: 0, overflowWrap: 'anywhere', paddingBlock: '6px' },
  more: { color: tokens.colorNeutralForeground3 },
});

export interface Listed {
  id: string;
  name: string;
  more?: ReactNode;
}

export function ObjectList(props: {
  label: string;
  items: Listed[];
  /** Left out where nothing can be taken out. */
  onRemove?: (item: Listed) => void;
  isRunning?: boolean;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { onRemove } = props;
  return (
    <ul className={styles.list} aria-label={props.label}>
      {props.items.map((item) => (
        <li key={item.id} className={styles.item}>
          <span className={styles.name}>
            <bdi>{item.name}</bdi> <span className={styles.more}>{item.more}</span>
          </span>
          {onRemove && (
            <Button
              size="small"
              appearance="subtle"
              icon={<DismissRegular />}
              aria-label={t('ui.takeOut', { name: item.name })}
              disabled={props.isRunning === true}
              onClick={() => onRemove(item)}
            />
          )}
        </li>
      ))}
    </ul>
  );
}
