/** Tabs: one stop for the Tab key, arrows move, what is chosen shows at once. */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';

export interface TabItem {
  value: string;
  label: ReactNode;
  icon?: ReactNode;
}

const useStyles = makeStyles({
  list: {
    display: 'flex',
    flexWrap: 'wrap',
    flexShrink: 0,
    gap: '4px 20px',
    marginBlock: '-4px 16px',
    '& + section': { marginBlockStart: 0 },
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    // One line; what doesn't fit is scrolled to.
    '@media (max-width: 640px)': {
      flexWrap: 'nowrap',
      overflowX: 'auto',
      scrollbarWidth: 'none',
      whiteSpace: 'nowrap',
    },
  },
  tab: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: '8px',
    flexShrink: 0,
    minHeight: '36px',
    padding: '0 2px',
    marginBottom: '-1px',
    border: 'none',
    borderBottom: '2px solid transparent',
    backgroundColor: 'transparent',
    color: tokens.colorNeutralForeground2,
    fontFamily: 'inherit',
    fontSize: 'inherit',
    cursor: 'pointer',
    ':hover': { color: tokens.colorNeutralForeground1 },
    ':focus-visible': {
      outline: `2px solid ${tokens.colorStrokeFocus2}`,
      borderRadius: tokens.borderRadiusSmall,
    },
  },
  chosen: {
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    borderBottomColor: tokens.colorBrandForeground1,
  },
});

export function Tabs(props: {
  label: string;
  tabs: TabItem[];
  value: string | undefined;
  onChange: (value: string) => void;
  className?: string;
}) {
  const styles = useStyles();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const chosen = list.current?.querySelector('[aria-selected=true]');
    if (props.value) chosen?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [props.value]);
  const at = props.tabs.findIndex(({ value }) => value === props.value);
  const onKey = (event: KeyboardEvent) => {
    const sign = getComputedStyle(event.currentTarget).direction === 'rtl' ? -1 : 1;
    const last = props.tabs.length - 1;
    const steps: Record<string, number> = {
      ArrowRight: at + sign,
      ArrowLeft: at - sign,
      Home: 0,
      End: last,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = step < 0 ? last : step > last ? 0 : step;
    props.onChange(props.tabs[next]?.value ?? '');
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  };
  return (
    <div
      ref={list}
      role="tablist"
      aria-label={props.label}
      className={mergeClasses(styles.list, props.className)}
    >
      {props.tabs.map(({ value, label, icon }) => (
        <button
          key={value}
          type="button"
          role="tab"
          aria-selected={value === props.value}
          tabIndex={value === props.value ? 0 : -1}
          className={mergeClasses(styles.tab, value === props.value && styles.chosen)}
          onClick={() => props.onChange(value)}
          onKeyDown={onKey}
        >
          {icon}
          {label}
        </button>
      ))}
    </div>
  );
}
