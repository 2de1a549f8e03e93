/** What is drawn alike in every app. */
export * from './acts';
export * from './address';
export * from './ask';
export * from './facts';
export * from './keys';
export * from './marks';
export * from './media';
export type { Command } from './palette';
export * from './panel';
export * from './pieces';
export * from './rested';
export * from './root';
export * from './shell';
export * from './table';
export * from './table-rows';
export * from './table-view';
export * from './tabs';
export * from './theme';
