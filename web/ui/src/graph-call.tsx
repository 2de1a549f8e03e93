/** The API's call behind a change: before it is made in a disclosure, and after that in its toast. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { asCurl, type Change, withoutSecrets } from '@isopolity/core';
import { CopyButton } from './copy-button';
import { Disclosure } from './disclosure';
import { useTranslation } from './translation';

const useStyles = makeStyles({
  call: { marginBlock: '8px 0' },
  code: {
    margin: '4px 0 0',
    padding: '12px',
    maxHeight: '240px',
    overflow: 'auto',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    textAlign: 'start',
  },
  copy: { marginBlockStart: '8px' },
});

/** For who wants to see it. */
export function GraphCall({ change }: { change: Change | Change[] }) {
  const { t } = useTranslation();
  const styles = useStyles();
  return (
    <Disclosure className={styles.call} label={t('ui.graphCall')}>
      <CallText change={change} />
    </Disclosure>
  );
}

/** The call itself, to read and to copy. */
export function CallText({ change }: { change: Change | Change[] }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const changes = [change].flat().map(withoutSecrets);
  const shown = changes.map(
    ({ method, path, body, file }) =>
      `${method} ${path}${
        file
          ? `\nContent-Type: ${file.type}\n\n${file.name}`
          : body === undefined
            ? ''
            : `\n${JSON.stringify(body, null, 2)}`
      }`,
  );
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it */}
      <pre className={styles.code} dir="ltr" tabIndex={0}>
        {shown.join('\n\n')}
      </pre>
      <CopyButton
        size="small"
        className={styles.copy}
        text={changes.map(asCurl).join('\n\n')}
        label={t('ui.copyCurl')}
      />
    </>
  );
}
