/** Who a change is about: a number, the first names, and the rest when asked for. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { formatList, formatNumber, formatSeries } from '@isopolity/core';
import { Disclosure, Mark, type Tone } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import type { Named } from '../api/shapes';

const FIRST = 3;

const useStyles = makeStyles({
  line: { display: 'grid', gridTemplateColumns: '14px 1fr', gap: '2px 10px', alignItems: 'start' },
  mark: { marginBlockStart: '3px' },
  names: { color: tokens.colorNeutralForeground2 },
  all: { gridColumn: 2 },
  list: {
    margin: '4px 0 0',
    paddingInlineStart: '16px',
    maxHeight: '200px',
    overflowY: 'auto',
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
  },
});

/** "Ann, Bo, Cy and 9 more". */
export function useNamesLine() {
  const { t } = useTranslation();
  return (users: Named[], count: number): string => {
    const names = users.slice(0, FIRST).map((user) => user.displayName ?? user.id);
    if (count <= names.length) return formatList(names);
    return `${formatSeries(names)} ${t('ui.more', { count: count - names.length })}`;
  };
}

export function People(props: { text: string; tone: Tone; users: Named[]; count: number }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const line = useNamesLine();
  return (
    <div className={styles.line}>
      <Mark tone={props.tone} className={styles.mark} />
      <div>
        {props.text}
        {props.users.length > 0 && (
          <div className={styles.names}>{line(props.users, props.count)}</div>
        )}
      </div>
      {props.users.length > FIRST && (
        <Disclosure
          className={styles.all}
          label={
            props.count > props.users.length
              ? t('people.first', {
                  count: props.users.length,
                  number: formatNumber(props.users.length),
                })
              : t('people.all')
          }
        >
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it */}
          <ul className={styles.list} tabIndex={0}>
            {props.users.map((user) => (
              <li key={user.id}>
                {user.displayName} <span dir="ltr">{user.userPrincipalName}</span>
              </li>
            ))}
          </ul>
        </Disclosure>
      )}
    </div>
  );
}
