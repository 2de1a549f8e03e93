/** Which rows a table shows and in which order; no drawing here. */
import { compareTexts, folded } from '@isopolity/core';
import type { ReactNode } from 'react';
import type { TableView } from './table-view';

export type CellValue = string | number | boolean | null | undefined;

export interface Column<R> {
  id: string;
  title: string;
  /** What is searched, sorted, filtered and exported. */
  value: (row: R) => CellValue;
  /** How it is drawn, if not as its value. */
  cell?: (row: R) => ReactNode;
  /** A track of CSS grid. */
  width?: string;
  align?: 'end';
  /** Not shown until it is chosen. */
  optional?: boolean;
  /** The values that can be filtered by, in words. */
  options?: { value: string; label: string }[];
}

const asText = (value: CellValue): string =>
  value === null || value === undefined ? '' : String(value);

const isNothing = (value: CellValue) => value === null || value === undefined || value === '';

/** What has no value is last in either direction. */
function compareValues(left: CellValue, right: CellValue, sign: number): number {
  if (isNothing(left) || isNothing(right))
    return Number(isNothing(left)) - Number(isNothing(right));
  return sign * compareKnown(left, right);
}

function compareKnown(left: CellValue, right: CellValue): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return compareTexts(asText(left), asText(right));
}

/** The rows of a view, in its order. */
export function rowsOf<R>(
  rows: readonly R[],
  columns: readonly Column<R>[],
  view: Pick<TableView, 'q' | 'sort' | 'filters'>,
): R[] {
  const words = folded(view.q).split(/\s+/).filter(Boolean);
  const filters = Object.entries(view.filters).flatMap(([id, wanted]) => {
    const column = columns.find((column) => column.id === id);
    return column ? [{ column, wanted }] : [];
  });
  const fits = (row: R): boolean => {
    if (!filters.every(({ column, wanted }) => wanted.includes(asText(column.value(row))))) {
      return false;
    }
    if (!words.length) return true;
    const text = folded(columns.map((column) => asText(column.value(row))).join(' '));
    return words.every((word) => text.includes(word));
  };
  return sorted(rows.filter(fits), columns, view.sort);
}

/** Rows by a column, as its words have it. */
export function sorted<R>(
  rows: readonly R[],
  columns: readonly Column<R>[],
  sort: TableView['sort'],
): R[] {
  const by = columns.find((column) => column.id === sort?.column);
  if (!by) return [...rows];
  const sign = sort?.descending ? -1 : 1;
  const words = new Map(by.options?.map(({ value, label }) => [value, label]));
  const wordOf = (value: CellValue) => words.get(asText(value)) ?? value;
  return rows
    .map((row) => ({ row, value: wordOf(by.value(row)) }))
    .sort((left, right) => compareValues(left.value, right.value, sign))
    .map(({ row }) => row);
}

/** The cells of an export, heads first. */
export function cellsOf<R>(rows: readonly R[], columns: readonly Column<R>[]): string[][] {
  return [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => asText(column.value(row)))),
  ];
}
