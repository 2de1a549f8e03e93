/**
 * Keeps the library's focus handling alive. Its dialogs and menus bring it along, and the last of them
 * to go would take it away before it has let the page behind be read aloud again.
 */
import { useFocusFinders } from '@fluentui/react-components';

export default function FocusKeeper() {
  useFocusFinders();
  return null;
}
