/**
 * The table: search, sort, filter, columns, selection, keyboard, export; thousands of rows, of which
 * those in sight are drawn. At phone width each row is a list item of two lines.
 *
 * The view is in the address. Rows are focused as a whole: arrows move, Enter opens, Space selects.
 */
import {
  Button,
  Checkbox,
  Menu,
  MenuItemCheckbox,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  mergeClasses,
  SearchBox,
  SkeletonItem,
  tokens,
} from '@fluentui/react-components';
import {
  ArrowDownloadRegular,
  ArrowDownRegular,
  ArrowUpRegular,
  ColumnTripleRegular,
  FilterRegular,
} from '@fluentui/react-icons';
import { download, formatNumber, type Problem, toCsv } from '@isopolity/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useDeferredValue,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useTranslation } from 'react-i18next';
import { isMac } from './keys';
import { PHONE, useMedia } from './media';
import { Failure } from './pieces';
import { type Column, cellsOf, rowsOf } from './table-rows';
import type { TableView } from './table-view';

export interface BulkAction<R> {
  id: string;
  label: string;
  icon?: ReactNode;
  run: (rows: R[]) => void;
}

/** A list that the server searches, sorts and filters, and that comes page by page. */
export interface Remote<R> {
  count: number | undefined;
  hasMore: boolean;
  loadMore: () => void;
  isLoadingMore: boolean;
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

const ROW = 40;
const PHONE_ROW = 60;
const SKELETON_ROWS = 8;
/** Widths, in pixels. */
const CHECK = 40;
const LEAST = 120;
/** Below this, tools are icons. */
const TIGHT = 640;

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', minHeight: 0, gap: '12px' },
  fill: { flexGrow: 1, minHeight: '320px' },
  tools: {
    display: 'flex',
    flexWrap: 'wrap',
    flexShrink: 0,
    alignItems: 'center',
    gap: '8px',
    minHeight: '32px',
  },
  search: {
    flexGrow: 1,
    flexShrink: 1,
    flexBasis: '160px',
    maxWidth: '260px',
    '@media (max-width: 640px)': { flexBasis: '100%', maxWidth: 'none' },
  },
  grow: { flexGrow: 1 },
  tool: { fontWeight: tokens.fontWeightRegular, minWidth: 0, paddingInline: '8px' },
  count: { color: tokens.colorNeutralForeground2, fontVariantNumeric: 'tabular-nums' },
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
    whiteSpace: 'nowrap',
    cursor: 'pointer',
    borderRadius: tokens.borderRadiusSmall,
    ':hover': { color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  body: { position: 'relative', minWidth: 'fit-content' },
  row: {
    position: 'absolute',
    insetInline: 0,
    top: 0,
    display: 'grid',
    alignItems: 'center',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    outlineStyle: 'none',
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
  nothing: { padding: '24px', color: tokens.colorNeutralForeground2 },
  bulk: {
    backgroundColor: tokens.colorNeutralBackground1Selected,
    borderRadius: tokens.borderRadiusMedium,
    paddingInline: '12px',
  },
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

function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(Number.POSITIVE_INFINITY);
  useLayoutEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

export function DataTable<R>(props: DataTableProps<R>) {
  const { t } = useTranslation();
  const styles = useStyles();
  const isPhone = useMedia(PHONE);
  const { view, columns, rows, rowId, remote, bulk } = props;
  const [text, setText] = useState(view.q);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState(0);

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
    return remote ? [...rows] : rowsOf(rows, columns, { q: wanted, sort, filters: view.filters });
  }, [rows, remote, columns, wanted, sort, view.filters]);
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const isTight = width < TIGHT;
  const visible = view.columns
    ? columns.filter((column) => view.columns?.includes(column.id))
    : fitting(
        columns.filter((column) => !column.optional),
        width - (bulk ? CHECK : 0),
      );
  const chosen = useMemo(
    () => shown.filter((row) => selected.has(rowId(row))),
    [shown, selected, rowId],
  );

  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => frame.current,
    estimateSize: () => (isPhone ? PHONE_ROW : ROW),
    overscan: 12,
    getItemKey: (index) => {
      const row = shown[index];
      return row ? rowId(row) : index;
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height of all rows changes
  useEffect(() => virtual.measure(), [isPhone]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const loadMore = remote?.hasMore && !remote.isLoadingMore ? remote.loadMore : undefined;
  useEffect(() => {
    if (loadMore && last >= shown.length - 20) loadMore();
  }, [loadMore, last, shown.length]);

  const move = (to: number) => {
    const index = Math.max(0, Math.min(shown.length - 1, to));
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
  const toggle = (row: R) => {
    const next = new Set(selected);
    if (!next.delete(rowId(row))) next.add(rowId(row));
    setSelected(next);
  };
  const selectAll = (all: boolean) => setSelected(new Set(all ? shown.map(rowId) : []));
  const onRowKey = (event: KeyboardEvent, index: number, row: R) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 400) / ROW) - 2);
    const steps: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: shown.length - 1,
    };
    const step = steps[event.key];
    if (step !== undefined) move(step);
    else if (event.key === 'Enter' && props.onOpen) props.onOpen(row);
    else if (event.key === ' ' && bulk) toggle(row);
    else if (event.key === 'a' && (isMac ? event.metaKey : event.ctrlKey) && bulk) selectAll(true);
    else return;
    event.preventDefault();
  };

  const exportRows = async (what: readonly R[] | undefined) => {
    const all = what ?? (remote ? await remote.all() : shown);
    download(`${props.label}.csv`, toCsv(cellsOf(all, columns)));
  };

  const isFiltered = Boolean(q) || Object.values(view.filters).some((values) => values.length);
  if (props.problem && !rows) {
    return (
      <Failure problem={props.problem} {...(props.onRetry ? { onRetry: props.onRetry } : {})} />
    );
  }
  if (rows && !rows.length && !isFiltered && !remote?.hasMore) return props.empty;

  const template = isPhone
    ? `${bulk ? `${CHECK}px ` : ''}minmax(0, 1fr) auto`
    : `${bulk ? `${CHECK}px ` : ''}${visible.map((column) => column.width ?? `minmax(${LEAST}px, 1fr)`).join(' ')}`;
  const [first, ...others] = visible;
  const draw = (column: Column<R>, row: R): ReactNode => {
    if (column.cell) return column.cell(row);
    const value = column.value(row);
    return typeof value === 'number' ? formatNumber(value) : (value ?? '');
  };
  const total = remote?.count ?? shown.length;

  return (
    <div className={mergeClasses(styles.root, props.fill && styles.fill)}>
      {chosen.length && bulk ? (
        <div
          className={mergeClasses(styles.tools, styles.bulk)}
          role="toolbar"
          aria-label={t('table.selection')}
        >
          <span>{t('table.selected', { count: chosen.length })}</span>
          {bulk.map((action) => (
            <Button
              key={action.id}
              size="small"
              icon={action.icon as never}
              onClick={() => action.run(chosen)}
            >
              {action.label}
            </Button>
          ))}
          <Button
            size="small"
            icon={<ArrowDownloadRegular />}
            onClick={() => void exportRows(chosen)}
          >
            {t('table.export')}
          </Button>
          <span className={styles.grow} />
          <Button size="small" appearance="subtle" onClick={() => selectAll(false)}>
            {t('table.clear')}
          </Button>
        </div>
      ) : (
        <div className={styles.tools}>
          <SearchBox
            className={styles.search}
            value={text}
            placeholder={t('table.search')}
            aria-label={t('table.searchIn', { table: props.label })}
            onChange={(_, { value }) => setText(value)}
          />
          {columns
            .filter((column) => column.options)
            .map((column) => (
              <FilterMenu key={column.id} column={column} view={view} />
            ))}
          {props.tools}
          <span className={styles.grow} />
          <span className={styles.count} role="status">
            {rows &&
              (remote?.hasMore && remote.count === undefined
                ? t('table.rowsMore', { total: formatNumber(total) })
                : t('table.rows', { count: total, total: formatNumber(total) }))}
          </span>
          {!isPhone && (
            <Menu
              checkedValues={{ columns: visible.map((column) => column.id) }}
              onCheckedValueChange={(_, { checkedItems }) =>
                set({
                  columns: columns
                    .map((column) => column.id)
                    .filter((id) => checkedItems.includes(id)),
                })
              }
            >
              <MenuTrigger disableButtonEnhancement>
                <Button
                  className={styles.tool}
                  appearance="subtle"
                  icon={<ColumnTripleRegular />}
                  aria-label={t('table.columns')}
                  title={t('table.columns')}
                >
                  {!isTight && t('table.columns')}
                </Button>
              </MenuTrigger>
              <MenuPopover>
                <MenuList>
                  {columns.map((column, at) => (
                    <MenuItemCheckbox
                      key={column.id}
                      name="columns"
                      value={column.id}
                      disabled={at === 0}
                    >
                      {column.title}
                    </MenuItemCheckbox>
                  ))}
                </MenuList>
              </MenuPopover>
            </Menu>
          )}
          <Button
            className={styles.tool}
            appearance="subtle"
            icon={<ArrowDownloadRegular />}
            disabled={!shown.length}
            aria-label={t('table.export')}
            title={t('table.export')}
            onClick={() => void exportRows(undefined)}
          >
            {!isTight && t('table.export')}
          </Button>
        </div>
      )}
      <div
        ref={frame}
        className={mergeClasses(styles.frame, props.fill && styles.frameFill)}
        role="grid"
        aria-label={props.label}
        aria-rowcount={rows ? total + 1 : -1}
        aria-multiselectable={Boolean(bulk)}
        aria-busy={!rows}
      >
        <div role="rowgroup" className={styles.head}>
          <div
            role="row"
            aria-rowindex={1}
            style={{ display: 'grid', gridTemplateColumns: template }}
          >
            {bulk && (
              <div role="columnheader" className={styles.check}>
                <Checkbox
                  aria-label={t('table.selectAll')}
                  checked={chosen.length > 0 && (chosen.length === shown.length ? true : 'mixed')}
                  onChange={(_, { checked }) => selectAll(checked === true)}
                />
              </div>
            )}
            {visible.map((column) => {
              const isSorted = sort?.column === column.id;
              const canSort = remote ? column.sortable : column.sortable !== false;
              return (
                <div
                  key={column.id}
                  role="columnheader"
                  className={mergeClasses(styles.headCell, column.align && styles.end)}
                  aria-sort={isSorted ? (sort.descending ? 'descending' : 'ascending') : undefined}
                >
                  {canSort ? (
                    <button
                      type="button"
                      className={styles.sort}
                      onClick={() =>
                        set({
                          sort: {
                            column: column.id,
                            descending: isSorted ? !sort.descending : false,
                          },
                        })
                      }
                    >
                      {column.title}
                      {isSorted && (sort.descending ? <ArrowDownRegular /> : <ArrowUpRegular />)}
                    </button>
                  ) : (
                    column.title
                  )}
                </div>
              );
            })}
          </div>
        </div>
        <div
          role="rowgroup"
          className={styles.body}
          style={{ height: rows ? virtual.getTotalSize() : SKELETON_ROWS * ROW }}
        >
          {!rows &&
            Array.from({ length: SKELETON_ROWS }, (_, at) => (
              <div
                key={at}
                role="row"
                className={styles.row}
                style={{
                  gridTemplateColumns: template,
                  height: ROW,
                  transform: `translateY(${at * ROW}px)`,
                }}
              >
                {bulk && <div role="gridcell" />}
                {(isPhone ? visible.slice(0, 2) : visible).map((column) => (
                  <div key={column.id} role="gridcell" className={styles.cell}>
                    <SkeletonItem
                      size={12}
                      style={{ width: `${45 + ((at * 17 + column.id.length * 13) % 40)}%` }}
                    />
                  </div>
                ))}
              </div>
            ))}
          {rows &&
            items.map(({ index, start, size, key }) => {
              const row = shown[index];
              if (row === undefined) return null;
              const id = rowId(row);
              const isSelected = selected.has(id);
              return (
                <div
                  key={key}
                  role="row"
                  data-index={index}
                  aria-rowindex={index + 2}
                  aria-selected={bulk ? isSelected : undefined}
                  tabIndex={index === Math.min(active, shown.length - 1) ? 0 : -1}
                  className={mergeClasses(
                    styles.row,
                    props.onOpen && styles.openable,
                    (isSelected || id === props.openId) && styles.selected,
                  )}
                  style={{
                    gridTemplateColumns: template,
                    height: size,
                    transform: `translateY(${start}px)`,
                  }}
                  onFocus={() => setActive(index)}
                  onClick={() => props.onOpen?.(row)}
                  onKeyDown={(event) => onRowKey(event, index, row)}
                >
                  {bulk && (
                    // biome-ignore lint/a11y/useKeyWithClickEvents: Space on the row does the same
                    <div
                      role="gridcell"
                      tabIndex={-1}
                      className={styles.check}
                      onClick={(event) => event.stopPropagation()}
                    >
                      <Checkbox
                        tabIndex={-1}
                        aria-label={t('table.select', { row: String(first?.value(row) ?? id) })}
                        checked={isSelected}
                        onChange={() => toggle(row)}
                      />
                    </div>
                  )}
                  {isPhone && first ? (
                    <>
                      <div role="gridcell" className={styles.phoneCell}>
                        <span className={styles.phoneFirst}>{draw(first, row)}</span>
                        <span className={styles.phoneSecond}>{props.summary(row)}</span>
                      </div>
                      {others[0] && (
                        <div role="gridcell" className={styles.cell}>
                          {draw(others[0], row)}
                        </div>
                      )}
                    </>
                  ) : (
                    visible.map((column) => (
                      <div
                        key={column.id}
                        role="gridcell"
                        className={mergeClasses(styles.cell, column.align && styles.end)}
                      >
                        {draw(column, row)}
                      </div>
                    ))
                  )}
                </div>
              );
            })}
        </div>
        {rows && !shown.length && (
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

function FilterMenu<R>({ column, view }: { column: Column<R>; view: TableView }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const chosen = view.filters[column.id] ?? [];
  const labels = column.options
    ?.filter(({ value }) => chosen.includes(value))
    .map(({ label }) => label);
  return (
    <Menu
      checkedValues={{ [column.id]: chosen }}
      onCheckedValueChange={(_, { checkedItems }) =>
        view.set({ filters: { ...view.filters, [column.id]: checkedItems } })
      }
    >
      <MenuTrigger disableButtonEnhancement>
        <Button
          className={styles.tool}
          appearance={chosen.length ? 'secondary' : 'subtle'}
          icon={<FilterRegular />}
          aria-label={t('table.filterBy', { column: column.title })}
        >
          {labels?.length ? `${column.title}: ${labels.join(', ')}` : column.title}
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {column.options?.map(({ value, label }) => (
            <MenuItemCheckbox key={value} name={column.id} value={value}>
              {label}
            </MenuItemCheckbox>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
