/** The command palette (Ctrl/⌘-K): every place, every command, people by name. */
import {
  Dialog,
  DialogSurface,
  makeStyles,
  mergeClasses,
  tokens,
} from '@fluentui/react-components';
import { SearchRegular } from '@fluentui/react-icons';
import { folded } from '@isopolity/core';
import { useQuery } from '@tanstack/react-query';
import {
  type ReactNode,
  useDeferredValue,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useTranslation } from './translation';

export interface Command {
  id: string;
  title: string;
  group: string;
  icon?: ReactNode;
  hint?: string;
  run: () => void;
}

const useStyles = makeStyles({
  surface: {
    padding: 0,
    maxWidth: '620px',
    marginBlockStart: '12vh',
    overflow: 'hidden',
    '@media (max-width: 640px)': { marginBlockStart: 0, maxWidth: '100vw' },
  },
  field: {
    display: 'flex',
    alignItems: 'center',
    gap: '12px',
    paddingInline: '16px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    fontSize: '20px',
    color: tokens.colorNeutralForeground3,
  },
  input: {
    flexGrow: 1,
    height: '52px',
    border: 'none',
    outlineStyle: 'none',
    backgroundColor: 'transparent',
    color: tokens.colorNeutralForeground1,
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase400,
    '::placeholder': { color: tokens.colorNeutralForeground3 },
  },
  list: { maxHeight: 'min(420px, 60vh)', overflowY: 'auto', padding: '8px', margin: 0 },
  group: {
    padding: '8px 8px 4px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  item: {
    display: 'flex',
    alignItems: 'center',
    gap: '12px',
    minHeight: '36px',
    paddingInline: '8px',
    borderRadius: tokens.borderRadiusMedium,
    cursor: 'pointer',
    color: tokens.colorNeutralForeground1,
  },
  active: {
    backgroundColor: tokens.colorSubtleBackgroundSelected,
    outline: `2px solid ${tokens.colorTransparentStroke}`,
  },
  icon: { display: 'flex', fontSize: '18px', color: tokens.colorNeutralForeground2 },
  title: { flexGrow: 1, minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis' },
  hint: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  none: { padding: '16px 8px', color: tokens.colorNeutralForeground2 },
});

export default function Palette(props: {
  commands: Command[];
  /** Finds more by what was written. */
  find?: (text: string, signal: AbortSignal) => Promise<Command[]>;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const listId = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const wanted = text.trim();
  // Only the question to the server waits: Enter takes what fits what is written now.
  const asked = useDeferredValue(wanted);
  const { find } = props;
  const found = useQuery({
    queryKey: ['palette', asked],
    queryFn: ({ signal }) => (find ? find(asked, signal) : []),
    enabled: Boolean(find) && asked.length > 1,
    placeholderData: (before) => before,
  });
  const items = useMemo(() => {
    const words = folded(wanted).split(/\s+/);
    // A letter or two fit nearly every group.
    const where = ({ title, group }: Command) =>
      folded(wanted.length > 2 ? `${group} ${title}` : title);
    const fits = (command: Command) => words.every((word) => where(command).includes(word));
    return [...props.commands.filter(fits), ...((wanted.length > 1 && found.data) || [])];
  }, [props.commands, wanted, found.data]);
  const active = items[Math.min(at, items.length - 1)];
  const activeRef = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows the active item
  useEffect(() => {
    activeRef.current?.scrollIntoView({ block: 'nearest' });
  }, [active?.id]);

  const choose = (command: Command | undefined) => {
    if (!command) return;
    props.onClose();
    command.run();
  };
  const move = (step: number) =>
    setAt((before) => (Math.min(before, items.length - 1) + step + items.length) % items.length);

  return (
    <Dialog open onOpenChange={(_, { open }) => !open && props.onClose()}>
      <DialogSurface className={styles.surface} aria-label={t('ui.palette')}>
        <div className={styles.field}>
          <SearchRegular />
          <input
            className={styles.input}
            autoFocus
            value={text}
            placeholder={t('ui.palettePlaceholder')}
            role="combobox"
            aria-expanded="true"
            aria-controls={listId}
            aria-autocomplete="list"
            aria-label={t('ui.palettePlaceholder')}
            aria-activedescendant={active && `${listId}-${active.id}`}
            onChange={(event) => {
              setText(event.target.value);
              setAt(0);
            }}
            onKeyDown={(event) => {
              if (event.nativeEvent.isComposing) return;
              if (event.key === 'ArrowDown') move(1);
              else if (event.key === 'ArrowUp') move(-1);
              else if (event.key === 'Enter') choose(active);
              else return;
              event.preventDefault();
            }}
          />
        </div>
        <div className={styles.list} id={listId} role="listbox" aria-label={t('ui.palette')}>
          {items.map((command, index) => (
            <div key={command.id} role="presentation">
              {command.group !== items[index - 1]?.group && (
                <div className={styles.group} role="presentation">
                  {command.group}
                </div>
              )}
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys go to the field, which names the active option */}
              <div
                id={`${listId}-${command.id}`}
                ref={command === active ? activeRef : undefined}
                role="option"
                tabIndex={-1}
                aria-selected={command === active}
                className={mergeClasses(styles.item, command === active && styles.active)}
                onClick={() => choose(command)}
                onMouseMove={() => setAt(index)}
              >
                <span className={styles.icon}>{command.icon}</span>
                <span className={styles.title}>{command.title}</span>
                {command.hint && <span className={styles.hint}>{command.hint}</span>}
              </div>
            </div>
          ))}
          {!items.length && <div className={styles.none}>{t('ui.paletteNothing')}</div>}
        </div>
      </DialogSurface>
    </Dialog>
  );
}
