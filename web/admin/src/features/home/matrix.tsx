/** The readiness matrix: from the tenant of a row to that of a column, one mark for each action. */

import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { formatSeries } from '@isopolity/core';
import { Mark, Status } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { type KeyboardEvent, useRef } from 'react';
import type { Tenants } from '../../tenants';
import { counted } from './counted';
import { type Action, type Cell, cellKey, standingOf, TONES } from './matrix-model';

const useStyles = makeStyles({
  scroll: { overflowX: 'auto', maxWidth: '100%', paddingBlock: '12px 2px' },
  table: { borderCollapse: 'separate', borderSpacing: 0 },
  corner: {
    padding: '8px 16px 8px 0',
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightRegular,
    color: tokens.colorNeutralForeground3,
    textAlign: 'start',
    verticalAlign: 'bottom',
    whiteSpace: 'nowrap',
  },
  column: {
    padding: '8px 12px',
    minWidth: '88px',
    '@media (max-width: 640px)': { minWidth: '44px', paddingInline: '4px' },
    maxWidth: '160px',
    fontWeight: tokens.fontWeightRegular,
    verticalAlign: 'bottom',
    textAlign: 'center',
    overflowWrap: 'anywhere',
  },
  columnName: {
    // Upright there is no room for whole words beside each other.
    '@media (max-width: 640px)': {
      writingMode: 'vertical-rl',
      transform: 'rotate(180deg)',
      display: 'inline-block',
      maxHeight: '140px',
      overflow: 'hidden',
      textOverflow: 'ellipsis',
      whiteSpace: 'nowrap',
      textAlign: 'start',
    },
  },
  row: {
    padding: '0 16px 0 12px',
    fontWeight: tokens.fontWeightRegular,
    textAlign: 'start',
    maxWidth: '220px',
    '@media (max-width: 640px)': { maxWidth: '96px', paddingInlineEnd: '8px' },
    height: '48px',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    borderLeft: '3px solid transparent',
  },
  ownRow: {
    borderLeftColor: tokens.colorBrandForeground1,
    fontWeight: tokens.fontWeightSemibold,
  },
  ownColumn: {
    borderTop: `3px solid ${tokens.colorBrandForeground1}`,
    fontWeight: tokens.fontWeightSemibold,
  },
  cell: { padding: '3px', height: '42px' },
  same: { textAlign: 'center', color: tokens.colorNeutralForegroundDisabled },
  button: {
    padding: 0,
    color: 'inherit',
    boxSizing: 'border-box',
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    gap: '10px',
    width: '100%',
    height: '100%',
    minWidth: '60px',
    '@media (max-width: 640px)': { minWidth: '44px', gap: '6px' },
    cursor: 'pointer',
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': {
      outline: `2px solid ${tokens.colorStrokeFocus2}`,
      outlineOffset: '-1px',
    },
  },
  troubled: {
    backgroundColor: tokens.colorPaletteRedBackground1,
    border: `1px solid ${tokens.colorPaletteRedBorder1}`,
  },
  open: { boxShadow: `0 0 0 2px ${tokens.colorBrandStroke1}` },
  legend: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '6px 20px',
    marginBlockStart: '12px',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
  },
});

export function Matrix(props: {
  tenants: Tenants;
  /** The tenants that are shown, the own one first. */
  shown: string[];
  cells: Map<string, Cell>;
  actions: Action[];
  openKey: string | undefined;
  onOpen: (cell: Cell) => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { tenants, shown, cells, actions } = props;
  const grid = useRef<HTMLTableElement>(null);

  // Arrows walk through the matrix as it is seen.
  const onKey = (event: KeyboardEvent, row: number, column: number) => {
    const sign = document.documentElement.dir === 'rtl' ? -1 : 1;
    const steps: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -sign],
      ArrowRight: [0, sign],
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    let [r, c] = [row + step[0], column + step[1]];
    // There is nothing to stop at on the diagonal.
    if (r === c) [r, c] = [r + step[0], c + step[1]];
    grid.current?.querySelector<HTMLElement>(`[data-at="${r}.${c}"]`)?.focus();
  };

  return (
    <div>
      <div className={styles.scroll}>
        <table className={styles.table} ref={grid} aria-label={t('matrix.label')}>
          <thead>
            <tr>
              <th className={styles.corner} scope="col">
                {t('matrix.corner')}
              </th>
              {shown.map((to) => (
                <th
                  key={to}
                  scope="col"
                  className={mergeClasses(styles.column, to === tenants.own && styles.ownColumn)}
                >
                  <bdi className={styles.columnName}>{tenants.name(to)}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((from, row) => (
              <tr key={from}>
                <th
                  scope="row"
                  className={mergeClasses(styles.row, from === tenants.own && styles.ownRow)}
                >
                  {tenants.name(from)}
                </th>
                {shown.map((to, column) => {
                  const cell = cells.get(cellKey(from, to));
                  if (from === to) {
                    return (
                      <td key={to} className={mergeClasses(styles.cell, styles.same)}>
                        <span className="visually-hidden">{t('matrix.same')}</span>
                      </td>
                    );
                  }
                  if (!cell) return <td key={to} className={styles.cell} />;
                  const marks = actions.flatMap((action) => {
                    const pair = cell.pairs[action];
                    return pair ? [{ action, pair, standing: standingOf(pair) }] : [];
                  });
                  const words = formatSeries(
                    marks.map(({ action, pair, standing }) => {
                      const word = `${t(`action.${action}`)}: ${t(`standing.${standing}`)}`;
                      if (standing !== 'partial' || !pair.counts) return word;
                      return `${word} (${counted(t, pair.counts)})`;
                    }),
                  );
                  const isTroubled = marks.some(({ standing }) => standing === 'blocked');
                  return (
                    <td key={to} className={styles.cell}>
                      <button
                        type="button"
                        data-at={`${row}.${column}`}
                        className={mergeClasses(
                          styles.button,
                          isTroubled && styles.troubled,
                          props.openKey === cellKey(from, to) && styles.open,
                        )}
                        aria-label={t('matrix.cell', {
                          from: tenants.name(from),
                          to: tenants.name(to),
                          words,
                        })}
                        title={words}
                        onClick={() => props.onOpen(cell)}
                        onKeyDown={(event) => onKey(event, row, column)}
                      >
                        {marks.map(({ action, standing }) => (
                          <Mark key={action} tone={TONES[standing]} />
                        ))}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={styles.legend}>
        <span>
          {t('matrix.order', {
            actions: formatSeries(actions.map((action) => t(`action.${action}`))),
          })}
        </span>
        {(['ready', 'partial', 'blocked', 'notAsked'] as const).map((standing) => (
          <Status key={standing} tone={TONES[standing]}>
            {t(`standing.${standing}`)}
          </Status>
        ))}
      </div>
    </div>
  );
}
