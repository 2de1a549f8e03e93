/** What every app needs that isn't drawn: sign-in, the API's client, languages, formats. */
export * from './catalogues';
export * from './csv';
export * from './format';
export * from './graph';
export * from './languages';
export * from './ldif';
export * from './messages';
export * from './problems';
export * from './query';
export * from './sentences';
export * from './session';
