import 'i18next';
import type ui from '../../ui/locales/en.json';
import type admin from '../locales/en.json';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof admin & typeof ui };
    keySeparator: false;
    nsSeparator: false;
    returnNull: false;
  }
}
