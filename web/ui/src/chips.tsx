/** What was chosen, each with a way to take it out again. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import { useTranslation } from './translation';

const useStyles = makeStyles({
  list: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '6px',
    margin: '8px 0 0',
    padding: 0,
    listStyleType: 'none',
  },
  chip: {
    display: 'flex',
    alignItems: 'center',
    gap: '2px',
    minWidth: 0,
    maxWidth: '100%',
    paddingInlineStart: '8px',
    backgroundColor: tokens.colorNeutralBackground3,
    border: `1px solid ${tokens.colorTransparentStroke}`,
    borderRadius: tokens.borderRadiusMedium,
    fontSize: tokens.fontSizeBase200,
  },
  name: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
});

export function Chips(props: {
  label: string;
  chips: { id: string; name: string }[];
  onTakeOut: (id: string) => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  if (!props.chips.length) return null;
  return (
    <ul className={styles.list} aria-label={props.label}>
      {props.chips.map(({ id, name }) => (
        <li key={id} className={styles.chip}>
          <bdi className={styles.name}>{name}</bdi>
          <Button
            appearance="transparent"
            size="small"
            icon={<DismissRegular />}
            aria-label={t('ui.takeOut', { name })}
            onClick={({ currentTarget }) => {
              // The keyboard goes on with what is next to it, and from the last to where one chooses.
              const chip = currentTarget.closest('li');
              const next = chip?.nextElementSibling ?? chip?.previousElementSibling;
              const place =
                next?.querySelector('button') ??
                chip?.parentElement?.parentElement?.querySelector('input');
              place?.focus();
              props.onTakeOut(id);
            }}
          />
        </li>
      ))}
    </ul>
  );
}
