/**
 * The rows of a table that are in sight. Scrolling draws those that come into sight, and nothing else:
 * neither what is around them nor the rows that stay.
 *
 * All rows are of one height, so where one is needs no measuring. They come and go by blocks, which
 * are what is placed. What happens to a row is heard by the body: a row is little more than its texts.
 */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { Checkmark12Filled } from '@fluentui/react-icons';
import { formatNumber } from '@isopolity/core';
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  type SyntheticEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { flushSync } from 'react-dom';
import { isMac } from './keys';
import type { Column } from './table-rows';
import { useTranslation } from './translation';

export const ROW = 40;
const PHONE_ROW = 60;
/** Rows that come and go together. */
const BLOCK = 8;
/** Blocks that are drawn before it is known how many there is room for. */
const BLOCKS_AT_FIRST = 3;
/** Rows that are drawn beyond those in sight, above and below. */
const OVERSCAN = 8;
/** As many rows before the end the next page is asked for. */
const AHEAD = 20;

const useStyles = makeStyles({
  body: { position: 'relative', minWidth: 'fit-content' },
  block: { position: 'absolute', insetInline: 0, top: 0, contain: 'layout style' },
  row: {
    boxSizing: 'border-box',
    height: '40px',
    display: 'grid',
    gridTemplateColumns: 'var(--columns)',
    alignItems: 'center',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    outlineStyle: 'none',
    ':focus-visible': {
      outline: `2px solid ${tokens.colorStrokeFocus2}`,
      outlineOffset: '-2px',
      borderRadius: tokens.borderRadiusSmall,
    },
  },
  phoneRow: { height: '60px' },
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
    // As the table, not as the text.
    textAlign: 'match-parent',
  },
  end: { textAlign: 'end', justifyContent: 'flex-end', fontVariantNumeric: 'tabular-nums' },
  check: { paddingInline: '4px', alignSelf: 'stretch', display: 'flex', alignItems: 'center' },
  box: {
    boxSizing: 'border-box',
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    width: '16px',
    height: '16px',
    margin: '8px',
    fontSize: '12px',
    cursor: 'pointer',
    border: `1px solid ${tokens.colorNeutralStrokeAccessible}`,
    borderRadius: tokens.borderRadiusSmall,
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '2px' },
  },
  checked: {
    backgroundColor: tokens.colorCompoundBrandBackground,
    border: `1px solid ${tokens.colorCompoundBrandBackground}`,
    color: tokens.colorNeutralForegroundInverted,
  },
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

/** How high the frame is, and the head that stays at its top. */
interface Heights {
  frame: number;
  head: number;
}

/** Which blocks are drawn: from the first, before the end. */
interface Blocks {
  first: number;
  end: number;
}

/** Follows what is in sight; `catchUp` does so at once. */
function useBlocks(frame: HTMLElement | null, size: number) {
  const [blocks, setBlocks] = useState<Blocks>({ first: 0, end: BLOCKS_AT_FIRST });
  const shown = useRef(blocks);
  const heights = useRef<Heights>({ frame: 0, head: 0 });
  const look = () => {
    const from = (frame?.scrollTop ?? 0) / size;
    const to = from + (heights.current.frame - heights.current.head) / size;
    const first = Math.max(0, Math.floor((from - OVERSCAN) / BLOCK));
    const end = Math.ceil((to + OVERSCAN) / BLOCK);
    const { current } = shown;
    if (current.first === first && current.end === end) return;
    shown.current = { first, end };
    setBlocks(shown.current);
  };
  const latest = useRef(look);
  latest.current = look;
  useLayoutEffect(() => {
    if (!frame) return;
    const measure = () => {
      const head = frame.firstElementChild as HTMLElement | null;
      heights.current = { frame: frame.clientHeight, head: head?.offsetHeight ?? 0 };
      latest.current();
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(frame);
    // What comes into sight is there in the same frame.
    const follow = () => flushSync(latest.current);
    frame.addEventListener('scroll', follow, { passive: true });
    return () => {
      observer.disconnect();
      frame.removeEventListener('scroll', follow);
    };
  }, [frame]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are others
  useLayoutEffect(() => latest.current(), [size]);
  return { blocks, heights, catchUp: () => flushSync(look) };
}

function Body<R>(props: {
  content: BodyContent<R>;
  frame: HTMLElement | null;
  openId: string | undefined;
  /** The ids of rows. */
  selected: ReadonlySet<string>;
}) {
  const styles = useStyles();
  const { content, frame, selected } = props;
  const { rows, isPhone, loadMore } = content;
  const [active, setActive] = useState(0);
  const size = isPhone ? PHONE_ROW : ROW;
  const { blocks, heights, catchUp } = useBlocks(frame, size);
  const first = Math.min(blocks.first, Math.max(0, Math.ceil(rows.length / BLOCK) - 1));
  const end = Math.min(blocks.end, Math.ceil(rows.length / BLOCK));

  const last = end * BLOCK;
  useEffect(() => {
    if (loadMore && last >= rows.length - AHEAD) loadMore();
  }, [loadMore, last, rows.length]);

  /** The row that something happened to, and where that was. */
  const find = (event: SyntheticEvent) => {
    const target = event.target as HTMLElement;
    const element = target.closest<HTMLElement>('[data-index]');
    const index = Number(element?.dataset.index);
    const row = rows[index];
    return element && row !== undefined ? { target, element, index, row } : undefined;
  };
  const move = (to: number) => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    setActive(index);
    if (!frame) return;
    const room = heights.current.frame - heights.current.head;
    const top = index * size;
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (top + size > frame.scrollTop + room) frame.scrollTop = top + size - room;
    // What is out of sight is drawn first.
    catchUp();
    const row = frame.querySelector<HTMLElement>(`[data-index="${index}"]`);
    row?.focus({ preventScroll: true });
  };
  const press = (event: KeyboardEvent) => {
    const found = find(event);
    if (!found) return;
    const { target, element, index, row } = found;
    const isBox = target.getAttribute('role') === 'checkbox';
    if (target !== element && !isBox) return;
    const page = Math.max(1, Math.floor((frame?.clientHeight ?? 400) / size) - 2);
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
    else if (event.key === 'Enter' && content.onOpen && !isBox) content.onOpen(row);
    else if (event.key === ' ') content.onToggle(row);
    else if (isAll) content.onSelectAll();
    else return;
    event.preventDefault();
  };
  const click = (event: SyntheticEvent) => {
    const found = find(event);
    if (!found) return;
    if (found.target.closest('[data-check]')) content.onToggle(found.row);
    else content.onOpen?.(found.row);
  };
  const focus = (event: SyntheticEvent) => {
    const found = find(event);
    if (found && found.target === found.element) setActive(found.index);
  };

  // Where the Tab key stops: the row that had the focus, or the nearest that is there.
  const current = Math.max(first * BLOCK, Math.min(active, last - 1, rows.length - 1));
  return (
    <div
      role="rowgroup"
      className={styles.body}
      style={{
        height: rows.length * size,
        ['--columns' as 'gridTemplateColumns']: content.template,
      }}
      onClick={click}
      onKeyDown={press}
      onFocus={focus}
    >
      {Array.from({ length: Math.max(0, end - first) }, (_, at) => {
        const block = first + at;
        const from = block * BLOCK;
        return (
          <TableBlock
            key={block}
            from={from}
            size={size}
            content={content}
            selected={selected}
            openId={props.openId}
            current={from <= current && current < from + BLOCK ? current : undefined}
          />
        );
      })}
    </div>
  );
}

/** Drawn anew by itself while it is scrolled, and from outside only if something has changed. */
export const TableBody = memo(Body) as typeof Body;

function Block<R>(props: {
  /** The first of its rows. */
  from: number;
  size: number;
  content: BodyContent<R>;
  selected: ReadonlySet<string>;
  openId: string | undefined;
  current: number | undefined;
}) {
  const styles = useStyles();
  const { from, content, selected } = props;
  const { rows, rowId, isPhone } = content;
  const usual = mergeClasses(
    styles.row,
    isPhone && styles.phoneRow,
    content.onOpen && styles.openable,
  );
  const marked = mergeClasses(usual, styles.selected);
  return (
    <div
      role="presentation"
      className={styles.block}
      style={{ transform: `translateY(${from * props.size}px)` }}
    >
      {rows.slice(from, from + BLOCK).map((row, at) => {
        const id = rowId(row);
        const isSelected = selected.has(id);
        return (
          <TableRow
            key={id}
            row={row}
            id={id}
            index={from + at}
            className={isSelected || id === props.openId ? marked : usual}
            isCurrent={from + at === props.current}
            isSelected={isSelected}
            columns={content.columns}
            summary={isPhone ? content.summary : undefined}
          />
        );
      })}
    </div>
  );
}

const TableBlock = memo(Block) as typeof Block;

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
  className: string;
  /** Whether it is where the Tab key stops. */
  isCurrent: boolean;
  isSelected: boolean;
  columns: Column<R>[];
  /** The second line, at phone width. */
  summary: ((row: R) => ReactNode) | undefined;
}) {
  const styles = useStyles();
  const { row, index, isSelected, columns, summary } = props;
  const [first, second] = columns;
  return (
    <div
      role="row"
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      tabIndex={props.isCurrent ? 0 : -1}
      className={props.className}
    >
      <Check name={String(first?.value(row) ?? props.id)} isChecked={isSelected} />
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
            // A text is cut at its own end, whichever way it is written.
            dir={column.cell || column.align ? undefined : 'auto'}
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

/** The library's checkbox to look at, of which a table has one in each row, at a tenth of the work. */
function Check({ name, isChecked }: { name: string; isChecked: boolean }) {
  const { t } = useTranslation();
  const styles = useStyles();
  return (
    <div role="gridcell" className={styles.check} data-check="">
      <span
        role="checkbox"
        tabIndex={-1}
        aria-label={t('table.select', { row: name })}
        aria-checked={isChecked}
        className={isChecked ? mergeClasses(styles.box, styles.checked) : styles.box}
      >
        {isChecked && <Checkmark12Filled />}
      </span>
    </div>
  );
}
