/** The sheet of shortcuts (?). */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { isMac, type Shortcut } from './keys';
import { useTranslation } from './translation';

const useStyles = makeStyles({
  list: {
    display: 'grid',
    gridTemplateColumns: '1fr auto',
    gap: '8px 24px',
    margin: 0,
    alignItems: 'center',
  },
  keys: {
    margin: 0,
    display: 'flex',
    gap: '4px',
    justifyContent: 'flex-end',
  },
  key: {
    minWidth: '16px',
    padding: '1px 7px',
    textAlign: 'center',
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderBottomWidth: '2px',
    borderRadius: tokens.borderRadiusSmall,
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase200,
    backgroundColor: tokens.colorNeutralBackground2,
  },
});

const NAMES: Record<string, string> = { mod: isMac ? '⌘' : 'Ctrl', ArrowDown: '↓', ArrowUp: '↑' };

export default function ShortcutSheet(props: {
  shortcuts: Pick<Shortcut, 'keys' | 'title'>[];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const all = [
    ...props.shortcuts,
    { keys: 'ArrowDown ArrowUp', title: t('ui.keyRows') },
    { keys: 'Enter', title: t('ui.keyOpen') },
    { keys: 'Space', title: t('ui.keySelect') },
    { keys: 'mod+a', title: t('ui.keySelectAll') },
    { keys: 'Esc', title: t('ui.keyClose') },
  ];
  return (
    <Dialog open onOpenChange={(_, { open }) => !open && props.onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t('ui.shortcuts')}</DialogTitle>
          <DialogContent>
            <dl className={styles.list}>
              {all.map(({ keys, title }) => (
                <div key={keys} style={{ display: 'contents' }}>
                  <dt>{title}</dt>
                  <dd className={styles.keys} dir="ltr">
                    {keys.split(/[ +]/).map((key) => (
                      <kbd key={key} className={styles.key}>
                        {NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key)}
                      </kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </DialogContent>
          <DialogActions>
            <Button onClick={props.onClose}>{t('ui.close')}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
