/**
 * A panel beside the page, not over it: details, *Why?*, editors. On a phone it takes the page's place.
 *
 * What opens it is in the address. Focus goes to its title, and back to where it came from.
 */
import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from './translation';

const PanelSlot = createContext<HTMLElement | null>(null);

/** Made before it has its place, so that nothing has to be drawn anew once it has. */
function makeSlot(): HTMLElement {
  const slot = document.createElement('div');
  slot.style.display = 'contents';
  return slot;
}

/** Lets panels be opened below. */
export function PanelProvider({ children }: { children: ReactNode }) {
  const [slot] = useState(makeSlot);
  return <PanelSlot value={slot}>{children}</PanelSlot>;
}

/** The place where panels come. */
export function PanelPlace({ className }: { className?: string }) {
  const slot = useContext(PanelSlot);
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (slot) place.current?.append(slot);
  }, [slot]);
  return <div className={className} ref={place} />;
}

const useStyles = makeStyles({
  panel: {
    boxSizing: 'border-box',
    width: '440px',
    height: '100%',
    display: 'flex',
    flexDirection: 'column',
    backgroundColor: tokens.colorNeutralBackground1,
    borderLeft: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 1023px)': {
      position: 'fixed',
      insetBlock: 0,
      insetInlineEnd: 0,
      width: 'min(480px, 100vw)',
      zIndex: 20,
      boxShadow: tokens.shadow28,
    },
    '@media (max-width: 640px)': { width: '100vw', borderLeft: 'none' },
  },
  wide: { width: '560px' },
  head: {
    display: 'flex',
    alignItems: 'flex-start',
    gap: '8px',
    padding: '16px 16px 12px 24px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  titles: { flexGrow: 1, minWidth: 0 },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase400,
    lineHeight: tokens.lineHeightBase400,
    fontWeight: tokens.fontWeightSemibold,
    overflowWrap: 'anywhere',
    outlineStyle: 'none',
    // Its first line stands beside the middle of the button that closes.
    paddingBlock: '5px',
  },
  subtitle: { margin: '-3px 0 0', color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  body: { flexGrow: 1, overflowY: 'auto', padding: '16px 24px 24px' },
  foot: {
    padding: '12px 24px',
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
    display: 'flex',
    flexWrap: 'wrap',
    gap: '8px',
    '@media (max-width: 640px)': { '& > *': { flexGrow: 1 } },
  },
});

export function SidePanel(props: {
  title: string;
  subtitle?: ReactNode;
  onClose: () => void;
  foot?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const slot = useContext(PanelSlot);
  const titleId = useId();
  const title = useRef<HTMLHeadingElement>(null);
  const { onClose } = props;

  useEffect(() => {
    if (!slot) return;
    const opener = document.activeElement;
    title.current?.focus();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, [slot]);

  if (!slot) return null;
  return createPortal(
    <aside
      className={mergeClasses(styles.panel, props.wide && styles.wide)}
      aria-labelledby={titleId}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <div className={styles.head}>
        <div className={styles.titles}>
          <h2 id={titleId} className={styles.title} ref={title} tabIndex={-1}>
            {props.title}
          </h2>
          {props.subtitle && <p className={styles.subtitle}>{props.subtitle}</p>}
        </div>
        <Button
          appearance="subtle"
          icon={<DismissRegular />}
          aria-label={t('ui.close')}
          onClick={onClose}
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it */}
      <div className={styles.body} tabIndex={0} role="group" aria-labelledby={titleId}>
        {props.children}
      </div>
      {props.foot && <div className={styles.foot}>{props.foot}</div>}
    </aside>,
    slot,
  );
}
