/** Above a table: search, filters, columns, export; what can be done with the rows that are selected. */
import {
  Button,
  Menu,
  MenuDivider,
  MenuItemCheckbox,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  mergeClasses,
  SearchBox,
  tokens,
} from '@fluentui/react-components';
import {
  ArrowDownloadRegular,
  ArrowSortRegular,
  ColumnTripleRegular,
  FilterRegular,
} from '@fluentui/react-icons';
import { formatSeries } from '@isopolity/core';
import type { ReactNode } from 'react';
import type { Column } from './table-rows';
import type { TableView } from './table-view';
import { useTranslation } from './translation';

export interface BulkAction<R> {
  id: string;
  label: string;
  icon?: ReactNode;
  run: (rows: R[]) => void;
}

const useStyles = makeStyles({
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
  last: {
    display: 'flex',
    alignItems: 'center',
    gap: '8px',
    marginInlineStart: 'auto',
    minWidth: 0,
  },
  tool: { fontWeight: tokens.fontWeightRegular, minWidth: 0, paddingInline: '8px' },
  count: { color: tokens.colorNeutralForeground2, fontVariantNumeric: 'tabular-nums' },
  bulk: {
    backgroundColor: tokens.colorNeutralBackground1Selected,
    borderRadius: tokens.borderRadiusMedium,
    paddingBlock: '4px',
    paddingInline: '12px',
  },
});

export function SelectionTools<R>(props: {
  chosen: R[];
  bulk: BulkAction<R>[];
  onExport: () => void;
  onClear: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  return (
    <div
      className={mergeClasses(styles.tools, styles.bulk)}
      role="toolbar"
      aria-label={t('table.selection')}
    >
      <span>{t('table.selected', { count: props.chosen.length })}</span>
      {props.bulk.map((action) => (
        <Button
          key={action.id}
          size="small"
          icon={action.icon as never}
          onClick={() => action.run(props.chosen)}
        >
          {action.label}
        </Button>
      ))}
      <Button size="small" icon={<ArrowDownloadRegular />} onClick={props.onExport}>
        {t('table.export')}
      </Button>
      <span className={styles.grow} />
      <Button size="small" appearance="subtle" onClick={props.onClear}>
        {t('table.clear')}
      </Button>
    </div>
  );
}

export function TableTools<R>(props: {
  label: string;
  view: TableView;
  columns: Column<R>[];
  /** Those of them that are shown. */
  visible: Column<R>[];
  text: string;
  onText: (text: string) => void;
  /** How many rows there are, in words. */
  told: ReactNode;
  sort: TableView['sort'];
  onSort: (sort: TableView['sort']) => void;
  isEmpty: boolean;
  isPhone: boolean;
  /** Whether tools are icons. */
  isTight: boolean;
  onExport: () => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { view, columns, visible, isPhone, isTight } = props;
  return (
    <div className={styles.tools}>
      <SearchBox
        className={styles.search}
        dismiss={{ 'aria-label': t('ui.clear') }}
        value={props.text}
        placeholder={t('table.search')}
        aria-label={t('table.searchIn', { table: props.label })}
        onChange={(_, { value }) => props.onText(value)}
      />
      {columns
        .filter((column) => column.options)
        .map((column) => (
          <FilterMenu key={column.id} column={column} view={view} />
        ))}
      {isPhone && <SortMenu columns={columns} sort={props.sort} onSort={props.onSort} />}
      {props.children}
      <div className={styles.last}>
        <span className={styles.count} role="status">
          {props.told}
        </span>
        {!isPhone && (
          <Menu
            checkedValues={{ columns: visible.map((column) => column.id) }}
            onCheckedValueChange={(_, { checkedItems }) =>
              view.set({
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
          disabled={props.isEmpty}
          aria-label={t('table.export')}
          title={t('table.export')}
          onClick={props.onExport}
        >
          {!isTight && t('table.export')}
        </Button>
      </div>
    </div>
  );
}

/** At phone width there are no heads to sort by. */
function SortMenu<R>(props: {
  columns: Column<R>[];
  sort: TableView['sort'];
  onSort: (sort: TableView['sort']) => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { columns, sort } = props;
  const by = columns.find(({ id }) => id === sort?.column);
  return (
    <Menu
      checkedValues={{
        column: sort ? [sort.column] : [],
        direction: [sort?.descending ? 'descending' : 'ascending'],
      }}
      onCheckedValueChange={(_, { name, checkedItems: [chosen = ''] }) =>
        props.onSort(
          name === 'column'
            ? { column: chosen, descending: false }
            : { column: by?.id ?? columns[0]?.id ?? '', descending: chosen === 'descending' },
        )
      }
    >
      <MenuTrigger disableButtonEnhancement>
        <Button
          className={styles.tool}
          appearance="subtle"
          icon={<ArrowSortRegular />}
          aria-label={by ? t('table.sortedBy', { column: by.title }) : t('table.sort')}
        >
          {by?.title ?? t('table.sort')}
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {columns.map(({ id, title }) => (
            <MenuItemRadio key={id} name="column" value={id}>
              {title}
            </MenuItemRadio>
          ))}
          <MenuDivider />
          <MenuItemRadio name="direction" value="ascending">
            {t('table.ascending')}
          </MenuItemRadio>
          <MenuItemRadio name="direction" value="descending">
            {t('table.descending')}
          </MenuItemRadio>
        </MenuList>
      </MenuPopover>
    </Menu>
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
          {labels?.length ? `${column.title}: ${formatSeries(labels)}` : column.title}
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
