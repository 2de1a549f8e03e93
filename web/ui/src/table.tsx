/**
 * The table: search, sort, filter, columns, selection, keyboard, export; thousands of rows, of which
 * those in sight are drawn. At phone width each row is a list item of two lines.
 *
 * The view is in the address. Rows are focused as a whole: arrows move, Enter opens, Space selects.
 */
import {
  Button,
  Checkbox,
  makeStyles,
  mergeClasses,
  SkeletonItem,
  tokens,
} from '@fluentui/react-components';
import { ArrowDownRegular, ArrowUpRegular } from '@fluentui/react-icons';
import { download, formatNumber, type Problem, toCsv } from '@isopolity/core';
import {
  type ReactNode,
  useDeferredValue,
  useEffect,
  useLayoutEffect,
  useMemo,
  useState,
} from 'react';
import { PHONE, useMedia } from './media';
import { Failure } from './pieces';
import { type BodyContent, ROW, TableBody } from './table-body';
import { type Column, cellsOf, rowsOf, sorted } from './table-rows';
import { type BulkAction, SelectionTools, TableTools } from './table-tools';
import type { TableView } from './table-view';
import { useTranslation } from './translation';

/** A list that the server searches, sorts and filters, and that comes page by page. */
export interface Remote<R> {
  count: number | undefined;
  hasMore: boolean;
  /**
   * Who has sorted: the server, or the table if the server can't by that column. For the latter
   * everything is read first, unless there is too much of it.
   */
  order: 'server' | 'reading' | 'here' | 'tooMany';
  /** Reads the next page, if it isn't on its way. */
  loadMore: () => void;
  /** All rows of the view, for the export. */
  all: () => Promise<R[]>;
}

export interface DataTableProps<R> {
  /** What it lists; also the name of the exported file. */
  label: string;
  view: TableView;
  columns: Column<R>[];
  /** Undefined while they are on their way. */
  rows: readonly R[] | undefined;
  rowId: (row: R) => string;
  /** The second line at phone width. */
  summary: (row: R) => ReactNode;
  /** Shown in the place of the table when there is nothing at all. */
  empty: ReactNode;
  onOpen?: (row: R) => void;
  openId?: string | undefined;
  /** What can be done with the rows that are selected, beside exporting them. */
  bulk?: BulkAction<R>[];
  remote?: Remote<R>;
  problem?: Problem | null;
  onRetry?: () => void;
  defaultSort?: NonNullable<TableView['sort']>;
  /** Takes the height that is left instead of growing with its rows. */
  fill?: boolean;
  /** More in the toolbar. */
  tools?: ReactNode;
}

const SKELETON_ROWS = 8;
/** Widths, in pixels. */
const CHECK = 40;
const LEAST = 120;
/** Below this, tools are icons. */
const TIGHT = 640;

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', minHeight: 0, gap: '12px' },
  fill: { flexGrow: 1, minHeight: '320px' },
  frame: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    overflow: 'auto',
    minHeight: 0,
    maxHeight: '560px',
    backgroundColor: tokens.colorNeutralBackground1,
  },
  frameFill: { maxHeight: 'none', flexGrow: 0, flexShrink: 1, flexBasis: 'auto' },
  head: {
    position: 'sticky',
    top: 0,
    zIndex: 1,
    display: 'grid',
    backgroundColor: tokens.colorNeutralBackground2,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    minWidth: 'fit-content',
    '@media (max-width: 640px)': { display: 'none' },
  },
  headCell: {
    display: 'flex',
    alignItems: 'center',
    minHeight: '34px',
    paddingBlock: '3px',
    paddingInline: '12px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    overflow: 'hidden',
  },
  sort: {
    padding: 0,
    border: 'none',
    backgroundColor: 'transparent',
    fontFamily: 'inherit',
    fontSize: 'inherit',
    color: 'inherit',
    boxSizing: 'border-box',
    display: 'flex',
    alignItems: 'center',
    gap: '4px',
    minHeight: '24px',
    maxWidth: '100%',
    textAlign: 'start',
    lineHeight: tokens.lineHeightBase200,
    overflowWrap: 'anywhere',
    cursor: 'pointer',
    borderRadius: tokens.borderRadiusSmall,
    ':hover': { color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  sortEnd: { textAlign: 'end' },
  end: { textAlign: 'end', justifyContent: 'flex-end', fontVariantNumeric: 'tabular-nums' },
  check: { paddingInline: '4px' },
  skeleton: {
    boxSizing: 'border-box',
    display: 'grid',
    alignItems: 'center',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  skeletonCell: { paddingInline: '12px', minWidth: 0 },
  nothing: { padding: '24px', color: tokens.colorNeutralForeground2 },
});

/** The least width of a column, as its track says. */
const leastWidth = <R,>(column: Column<R>): number =>
  Number(/(\d+)px/.exec(column.width ?? '')?.[1] ?? LEAST);

/** As many columns as there is room for; the first two in any case. Who chooses columns gets all. */
function fitting<R>(columns: Column<R>[], width: number): Column<R>[] {
  let left = width;
  return columns.filter((column, at) => {
    left -= leastWidth(column);
    return left >= 0 || at < 2;
  });
}

/** Follows how wide an element is, which may come and go. */
function useWidth(element: HTMLElement | null): number {
  const [width, setWidth] = useState(Number.POSITIVE_INFINITY);
  useLayoutEffect(() => {
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

export function DataTable<R>(props: DataTableProps<R>) {
  const { t } = useTranslation();
  const styles = useStyles();
  const isPhone = useMedia(PHONE);
  const { view, columns, rows, rowId, remote, bulk = [] } = props;
  const [text, setText] = useState(view.q);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());

  // What is written is searched for when the writing rests.
  const { q, set } = view;
  useEffect(() => setText(q), [q]);
  useEffect(() => {
    if (text === q) return;
    const timer = setTimeout(() => set({ q: text }), remote ? 250 : 80);
    return () => clearTimeout(timer);
  }, [text, q, set, remote]);

  const sort = view.sort ?? props.defaultSort;
  const wanted = useDeferredValue(q);
  const shown = useMemo(() => {
    if (!rows) return [];
    if (!remote) return rowsOf(rows, columns, { q: wanted, sort, filters: view.filters });
    return remote.order === 'here' ? sorted(rows, columns, sort) : [...rows];
  }, [rows, remote, columns, wanted, sort, view.filters]);
  const [frame, setFrame] = useState<HTMLDivElement | null>(null);
  const width = useWidth(frame);
  const visible = view.columns
    ? columns.filter((column) => view.columns?.includes(column.id))
    : fitting(
        columns.filter((column) => !column.optional),
        width - CHECK,
      );
  const chosen = useMemo(
    () => (selected.size ? shown.filter((row) => selected.has(rowId(row))) : []),
    [shown, selected, rowId],
  );

  const loadMore = remote?.hasMore ? remote.loadMore : undefined;

  const toggle = (row: R) =>
    setSelected((before) => {
      const next = new Set(before);
      if (!next.delete(rowId(row))) next.add(rowId(row));
      return next;
    });
  const selectAll = (all: boolean) => setSelected(new Set(all ? shown.map(rowId) : []));
  const exportRows = async (what: readonly R[] | undefined) => {
    const all = what ?? (remote && remote.order !== 'here' ? await remote.all() : shown);
    download(`${props.label}.csv`, toCsv(cellsOf(all, columns)));
  };

  const template = isPhone
    ? `${CHECK}px minmax(0, 1fr) auto`
    : `${CHECK}px ${visible.map((column) => column.width ?? `minmax(${LEAST}px, 1fr)`).join(' ')}`;
  // Rows that arrive or change are drawn between frames, so that scrolling never waits for them.
  const content = useDeferredValue<BodyContent<R>>({
    rows: shown,
    rowId,
    columns: visible,
    template,
    isPhone,
    summary: props.summary,
    onOpen: props.onOpen,
    onToggle: toggle,
    onSelectAll: () => selectAll(true),
    loadMore,
  });

  const isFiltered = Boolean(q) || Object.values(view.filters).some((values) => values.length);
  if (props.problem && (!rows || remote?.order === 'reading')) {
    return (
      <Failure problem={props.problem} {...(props.onRetry ? { onRetry: props.onRetry } : {})} />
    );
  }
  if (rows && !rows.length && !isFiltered && !remote?.hasMore) return props.empty;

  const total = remote?.count ?? shown.length;
  const isReading = !rows || (remote?.order === 'reading' && remote.hasMore);
  const isSortedBy = (column: Column<R>) =>
    sort?.column === column.id && remote?.order !== 'tooMany';
  const sortBy = (column: Column<R>) =>
    set({
      sort: { column: column.id, descending: isSortedBy(column) ? !sort?.descending : false },
    });
  const told = (): string | undefined => {
    if (!rows) return undefined;
    const read = formatNumber(rows.length);
    if (isReading) {
      return remote?.count === undefined
        ? t('table.readingMore', { read })
        : t('table.reading', { read, total: formatNumber(total) });
    }
    if (remote?.order === 'tooMany') return t('table.tooMany', { total: formatNumber(total) });
    return remote?.hasMore && remote.count === undefined
      ? t('table.rowsMore', { total: formatNumber(total) })
      : t('table.rows', { count: total, total: formatNumber(total) });
  };

  return (
    <div className={mergeClasses(styles.root, props.fill && styles.fill)}>
      {chosen.length ? (
        <SelectionTools
          chosen={chosen}
          bulk={bulk}
          onExport={() => void exportRows(chosen)}
          onClear={() => selectAll(false)}
        />
      ) : (
        <TableTools
          label={props.label}
          view={view}
          columns={columns}
          visible={visible}
          text={text}
          onText={setText}
          told={told()}
          sort={sort}
          onSort={(sort) => set({ sort })}
          isEmpty={!shown.length}
          isPhone={isPhone}
          isTight={width < TIGHT}
          onExport={() => void exportRows(undefined)}
        >
          {props.tools}
        </TableTools>
      )}
      <div
        ref={setFrame}
        className={mergeClasses(styles.frame, props.fill && styles.frameFill)}
        role="grid"
        aria-label={props.label}
        aria-rowcount={isReading ? -1 : total + 1}
        aria-multiselectable
        aria-busy={!rows || remote?.order === 'reading'}
      >
        <div role="rowgroup" className={styles.head}>
          <div
            role="row"
            aria-rowindex={1}
            style={{ display: 'grid', gridTemplateColumns: template }}
          >
            <div role="columnheader" className={styles.check}>
              <Checkbox
                aria-label={t('table.selectAll')}
                checked={chosen.length > 0 && (chosen.length === shown.length ? true : 'mixed')}
                onChange={(_, { checked }) => selectAll(checked === true)}
              />
            </div>
            {visible.map((column) => {
              const isSorted = isSortedBy(column);
              return (
                <div
                  key={column.id}
                  role="columnheader"
                  className={mergeClasses(styles.headCell, column.align && styles.end)}
                  aria-sort={isSorted ? (sort?.descending ? 'descending' : 'ascending') : undefined}
                >
                  <button
                    type="button"
                    className={mergeClasses(styles.sort, column.align && styles.sortEnd)}
                    onClick={() => sortBy(column)}
                  >
                    {column.title}
                    {isSorted && (sort?.descending ? <ArrowDownRegular /> : <ArrowUpRegular />)}
                  </button>
                </div>
              );
            })}
          </div>
        </div>
        {!isReading ? (
          <TableBody content={content} frame={frame} openId={props.openId} selected={selected} />
        ) : (
          <div role="rowgroup">
            {Array.from({ length: SKELETON_ROWS }, (_, at) => (
              <div
                key={at}
                role="row"
                className={styles.skeleton}
                style={{ gridTemplateColumns: template, height: ROW }}
              >
                <div role="gridcell" />
                {(isPhone ? visible.slice(0, 2) : visible).map((column) => (
                  <div key={column.id} role="gridcell" className={styles.skeletonCell}>
                    <SkeletonItem
                      size={12}
                      style={{ width: `${45 + ((at * 17 + column.id.length * 13) % 40)}%` }}
                    />
                  </div>
                ))}
              </div>
            ))}
          </div>
        )}
        {!isReading && !shown.length && (
          <div className={styles.nothing} role="row">
            <div role="gridcell">
              {t('table.nothing')}{' '}
              <Button
                size="small"
                onClick={() => {
                  setText('');
                  set({ q: '', filters: {} });
                }}
              >
                {t('table.showAll')}
              </Button>
            </div>
          </div>
        )}
      </div>
    </div>
  );
}
