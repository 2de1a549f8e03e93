import type ui from '../../ui/locales/en.json';
import type admin from '../locales/en.json';

type Ui = typeof ui;
type Admin = typeof admin;

declare module '@isopolity/core/messages' {
  interface Messages extends Ui, Admin {}
}
