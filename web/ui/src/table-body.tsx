/**
 * The rows of a table that are in sight. Scrolling draws those that come into sight, and nothing else:
 * neither what is around them nor the rows that stay.
 */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { Checkmark12Filled } from '@fluentui/react-icons';
import { formatNumber } from '@isopolity/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useRef,
  useState,
} from 'react';
import { isMac } from './keys';
import type { Column } from './table-rows';
import { useTranslation } from './translation';

export const ROW = 40;
const PHONE_ROW = 60;
/** Rows that are drawn beyond those in sight, above and below. */
const OVERSCAN = 12;
/** As many rows before the end the next page is asked for. */
const AHEAD = 20;

const useStyles = makeStyles({
  body: { position: 'relative', minWidth: 'fit-content' },
  row: {
    position: 'absolute',
    insetInline: 0,
    top: 0,
    display: 'grid',
    alignItems: 'center',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    outlineStyle: 'none',
    contain: 'layout style',
    ':focus-visible': {
      outline: `2px solid ${tokens.colorStrokeFocus2}`,
      outlineOffset: '-2px',
      borderRadius: tokens.borderRadiusSmall,
    },
  },
  openable: {
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  selected: { backgroundColor: tokens.colorNeutralBackground1Selected },
  cell: {
    paddingInline: '12px',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    minWidth: 0,
    textAlign: 'start',
  },
  end: { textAlign: 'end', justifyContent: 'flex-end', fontVariantNumeric: 'tabular-nums' },
  check: { paddingInline: '4px' },
  phoneCell: { paddingInline: '12px', minWidth: 0, display: 'grid', gap: '2px' },
  phoneFirst: {
    fontWeight: tokens.fontWeightSemibold,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  phoneSecond: {
    color: tokens.colorNeutralForeground2,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
});

/** What can be done with rows. */
interface RowActs<R> {
  open: ((row: R) => void) | undefined;
  toggle: (row: R) => void;
  focus: (index: number) => void;
  press: (event: KeyboardEvent, index: number, row: R) => void;
}

/** What the rows are made of. */
export interface BodyContent<R> {
  rows: readonly R[];
  rowId: (row: R) => string;
  /** Those that are shown. */
  columns: Column<R>[];
  template: string;
  isPhone: boolean;
  summary: (row: R) => ReactNode;
  onOpen: ((row: R) => void) | undefined;
  onToggle: (row: R) => void;
  onSelectAll: () => void;
  /** Reads the next page, if there is one. */
  loadMore: (() => void) | undefined;
}

function Body<R>(props: {
  content: BodyContent<R>;
  frame: RefObject<HTMLElement | null>;
  openId: string | undefined;
  /** The ids of rows; undefined if none can be selected. */
  selected: ReadonlySet<string> | undefined;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { content, frame, selected } = props;
  const { rows, rowId, isPhone, loadMore } = content;
  const [active, setActive] = useState(0);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => (isPhone ? PHONE_ROW : ROW),
    overscan: OVERSCAN,
    getItemKey: (index) => {
      const row = rows[index];
      return row ? rowId(row) : index;
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height of all rows changes
  useEffect(() => virtual.measure(), [isPhone]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (loadMore && last >= rows.length - AHEAD) loadMore();
  }, [loadMore, last, rows.length]);

  const move = (to: number) => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    setActive(index);
    virtual.scrollToIndex(index);
    const focus = () => {
      const row = frame.current?.querySelector<HTMLElement>(`[data-index="${index}"]`);
      row?.focus();
      return Boolean(row);
    };
    // What is out of sight is drawn first.
    if (!focus()) requestAnimationFrame(focus);
  };
  const press = (event: KeyboardEvent, index: number, row: R) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 400) / ROW) - 2);
    const steps: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: rows.length - 1,
    };
    const step = steps[event.key];
    const isAll = event.key === 'a' && (isMac ? event.metaKey : event.ctrlKey);
    if (step !== undefined) move(step);
    else if (event.key === 'Enter' && content.onOpen) content.onOpen(row);
    else if (event.key === ' ' && selected) content.onToggle(row);
    else if (isAll && selected) content.onSelectAll();
    else return;
    event.preventDefault();
  };
  // The same for every row and every drawing, so that a row is drawn anew only if it changes itself.
  const acts = useRef<RowActs<R>>(null);
  acts.current = { open: content.onOpen, toggle: content.onToggle, focus: setActive, press };
  const name = useCallback((row: string) => t('table.select', { row }), [t]);

  return (
    <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
      {items.map(({ index, start, size, key }) => {
        const row = rows[index];
        if (row === undefined) return null;
        const id = rowId(row);
        return (
          <TableRow
            key={key}
            row={row}
            id={id}
            index={index}
            start={start}
            size={size}
            isCurrent={index === Math.min(active, rows.length - 1)}
            isSelected={selected?.has(id)}
            isOpen={id === props.openId}
            canOpen={Boolean(content.onOpen)}
            columns={content.columns}
            template={content.template}
            summary={isPhone ? content.summary : undefined}
            checkName={name}
            acts={acts}
          />
        );
      })}
    </div>
  );
}

/** Drawn anew by itself while it is scrolled, and from outside only if something has changed. */
export const TableBody = memo(Body) as typeof Body;

/** A cell's content. */
function draw<R>(column: Column<R>, row: R): ReactNode {
  if (column.cell) return column.cell(row);
  const value = column.value(row);
  return typeof value === 'number' ? formatNumber(value) : (value ?? '');
}

function Row<R>(props: {
  row: R;
  id: string;
  index: number;
  start: number;
  size: number;
  /** Whether it is where the Tab key stops. */
  isCurrent: boolean;
  /** Undefined if it can't be. */
  isSelected: boolean | undefined;
  isOpen: boolean;
  canOpen: boolean;
  columns: Column<R>[];
  template: string;
  /** The second line, at phone width. */
  summary: ((row: R) => ReactNode) | undefined;
  /** The name of a row's checkbox. */
  checkName: (row: string) => string;
  acts: RefObject<RowActs<R> | null>;
}) {
  const styles = useStyles();
  const { row, index, isSelected, columns, summary, acts } = props;
  const [first, second] = columns;
  return (
    <div
      role="row"
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      tabIndex={props.isCurrent ? 0 : -1}
      className={mergeClasses(
        styles.row,
        props.canOpen && styles.openable,
        (isSelected || props.isOpen) && styles.selected,
      )}
      style={{
        gridTemplateColumns: props.template,
        height: props.size,
        transform: `translateY(${props.start}px)`,
      }}
      onFocus={() => acts.current?.focus(index)}
      onClick={() => acts.current?.open?.(row)}
      onKeyDown={(event) => acts.current?.press(event, index, row)}
    >
      {isSelected !== undefined && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: Space on the row does the same
        <div
          role="gridcell"
          tabIndex={-1}
          className={styles.check}
          onClick={(event) => event.stopPropagation()}
        >
          <Check
            label={props.checkName(String(first?.value(row) ?? props.id))}
            checked={isSelected}
            onChange={() => acts.current?.toggle(row)}
          />
        </div>
      )}
      {summary && first ? (
        <>
          <div role="gridcell" className={styles.phoneCell}>
            <span className={styles.phoneFirst}>{draw(first, row)}</span>
            <span className={styles.phoneSecond}>{summary(row)}</span>
          </div>
          {second && (
            <div role="gridcell" className={styles.cell}>
              {draw(second, row)}
            </div>
          )}
        </>
      ) : (
        columns.map((column) => (
          <div
            key={column.id}
            role="gridcell"
            className={column.align ? mergeClasses(styles.cell, styles.end) : styles.cell}
          >
            {draw(column, row)}
          </div>
        ))
      )}
    </div>
  );
}

const TableRow = memo(Row) as typeof Row;

const useCheckStyles = makeStyles({
  root: {
    position: 'relative',
    display: 'inline-flex',
    cursor: 'pointer',
    verticalAlign: 'middle',
    borderRadius: tokens.borderRadiusMedium,
    ':has(:focus-visible)': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  input: {
    boxSizing: 'border-box',
    position: 'absolute',
    insetInlineStart: 0,
    top: 0,
    width: '100%',
    height: '100%',
    margin: 0,
    opacity: 0,
    cursor: 'inherit',
  },
  box: {
    boxSizing: 'border-box',
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    width: '16px',
    height: '16px',
    margin: '8px',
    fontSize: '12px',
    border: `1px solid ${tokens.colorNeutralStrokeAccessible}`,
    borderRadius: tokens.borderRadiusSmall,
    pointerEvents: 'none',
  },
  checked: {
    backgroundColor: tokens.colorCompoundBrandBackground,
    border: `1px solid ${tokens.colorCompoundBrandBackground}`,
    color: tokens.colorNeutralForegroundInverted,
  },
});

/** The library's checkbox to look at, of which a table has one in each row, at a tenth of the work. */
function Check(props: { label: string; checked: boolean; onChange: () => void }) {
  const styles = useCheckStyles();
  return (
    <span className={styles.root}>
      <input
        type="checkbox"
        tabIndex={-1}
        className={styles.input}
        aria-label={props.label}
        checked={props.checked}
        onChange={props.onChange}
      />
      <span
        aria-hidden="true"
        className={props.checked ? mergeClasses(styles.box, styles.checked) : styles.box}
      >
        {props.checked && <Checkmark12Filled />}
      </span>
    </span>
  );
}
