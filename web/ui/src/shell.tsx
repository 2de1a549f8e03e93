/** The frame of an app: navigation, top bar, the page, and the place for a panel beside it. */
import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import {
  LocalLanguageRegular,
  NavigationRegular,
  SearchRegular,
  SignOutRegular,
  WeatherMoonRegular,
} from '@fluentui/react-icons';
import { changeLanguage, type Identity, LANGUAGES, type Language } from '@isopolity/core';
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import type { AccountMenuProps } from './account-menu';
import { useIsUsed, useWhenIdle } from './idle';
import { isMac, type Shortcut, useShortcuts } from './keys';
import { Logo } from './marks';
import { NARROW, useMedia } from './media';
import type { Command } from './palette';
import { PanelPlace, PanelProvider } from './panel';
import { Link, useHere, useNavigate } from './router';
import { chooseTheme } from './theme';
import { useTranslation } from './translation';

const focusKeeper = () => import('./focus-keeper');
const loadFocusKeeper = () => void focusKeeper().catch(() => undefined);
const FocusKeeper = lazy(focusKeeper);
const Palette = lazy(() => import('./palette'));
const loadAccountMenu = () => import('./account-menu');
const AccountMenu = lazy(loadAccountMenu);
const ShortcutSheet = lazy(() => import('./shortcut-sheet'));

export interface Place {
  to: string;
  title: string;
  icon: ReactNode;
  /** The second key of "g …". */
  key: string;
  /** What waits there. */
  waiting?: number;
}

export interface PlaceGroup {
  title: string;
  places: Place[];
}

const useStyles = makeStyles({
  frame: {
    height: '100dvh',
    display: 'grid',
    gridTemplateRows: '48px minmax(0, 1fr)',
    gridTemplateColumns: '248px minmax(0, 1fr) auto',
    gridTemplateAreas: '"bar bar bar" "nav main panel"',
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorNeutralForeground1,
    fontFamily: tokens.fontFamilyBase,
    fontSize: tokens.fontSizeBase300,
    lineHeight: tokens.lineHeightBase300,
    '@media (max-width: 1023px)': {
      gridTemplateColumns: 'minmax(0, 1fr)',
      gridTemplateAreas: '"bar" "main"',
    },
  },
  skip: {
    position: 'absolute',
    insetInlineStart: '-999px',
    ':focus': { insetInlineStart: '8px', top: '8px', zIndex: 50 },
  },
  bar: {
    gridArea: 'bar',
    display: 'flex',
    alignItems: 'center',
    gap: '8px',
    paddingInline: '12px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  home: {
    display: 'flex',
    alignItems: 'center',
    gap: '10px',
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    borderRadius: tokens.borderRadiusMedium,
    paddingInline: '6px',
    minHeight: '32px',
    minWidth: 0,
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  product: { fontWeight: tokens.fontWeightSemibold },
  tenant: {
    color: tokens.colorNeutralForeground2,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    '::before': { content: '"/"', marginInlineEnd: '10px', color: tokens.colorNeutralForeground4 },
  },
  /** As wide on either side, so that what is between them is in the middle. */
  side: { flex: '1 1 0', minWidth: 0, display: 'flex' },
  end: { justifyContent: 'flex-end' },
  search: {
    minWidth: '260px',
    justifyContent: 'flex-start',
    color: tokens.colorNeutralForeground3,
    fontWeight: tokens.fontWeightRegular,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  searchKeys: {
    marginInlineStart: 'auto',
    paddingInlineStart: '16px',
    fontSize: tokens.fontSizeBase200,
  },
  nav: {
    gridArea: 'nav',
    overflowY: 'auto',
    padding: '12px 8px',
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  drawer: {
    position: 'fixed',
    insetBlock: '48px 0',
    insetInlineStart: 0,
    width: 'min(280px, 84vw)',
    zIndex: 30,
    boxShadow: tokens.shadow28,
  },
  scrim: {
    position: 'fixed',
    insetBlock: '48px 0',
    insetInline: 0,
    zIndex: 29,
    backgroundColor: tokens.colorBackgroundOverlay,
    border: 'none',
  },
  navGroup: {
    margin: '16px 12px 4px',
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    fontWeight: tokens.fontWeightRegular,
    color: tokens.colorNeutralForeground3,
  },
  navList: { listStyleType: 'none', margin: 0, padding: 0 },
  place: {
    display: 'flex',
    alignItems: 'center',
    gap: '10px',
    minHeight: '32px',
    paddingInline: '12px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
    ':focus-visible': {
      outline: `2px solid ${tokens.colorStrokeFocus2}`,
      outlineOffset: '-2px',
    },
    '&[aria-current=page]': {
      backgroundColor: tokens.colorSubtleBackgroundSelected,
      fontWeight: tokens.fontWeightSemibold,
      boxShadow: `inset 3px 0 0 ${tokens.colorBrandForeground1}`,
    },
  },
  placeIcon: { display: 'flex', fontSize: '18px', color: tokens.colorNeutralForeground2 },
  waiting: {
    marginInlineStart: 'auto',
    minWidth: '20px',
    paddingInline: '6px',
    boxSizing: 'border-box',
    textAlign: 'center',
    borderRadius: tokens.borderRadiusCircular,
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
    backgroundColor: tokens.colorBrandBackground,
    color: tokens.colorNeutralForegroundOnBrand,
  },
  main: {
    gridArea: 'main',
    overflowY: 'auto',
    padding: '24px 32px 48px',
    outlineStyle: 'none',
    display: 'flex',
    flexDirection: 'column',
    '@media (max-width: 640px)': { padding: '16px 16px 32px' },
  },
  panel: { gridArea: 'panel', minHeight: 0 },
  account: {
    width: '30px',
    height: '30px',
    padding: 0,
    border: 'none',
    borderRadius: tokens.borderRadiusCircular,
    cursor: 'pointer',
    backgroundColor: tokens.colorBrandBackground2,
    color: tokens.colorBrandForeground2,
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
    ':hover': { backgroundColor: tokens.colorBrandBackground2Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '1px' },
    '@media (forced-colors: active)': { border: '1px solid ButtonText' },
  },
});

export function Shell(props: {
  identity: Identity;
  tenantName: string;
  groups: PlaceGroup[];
  commands?: Command[];
  find?: (text: string, signal: AbortSignal) => Promise<Command[]>;
  onSignOut: () => void;
  onSwitch: () => void;
  notice?: ReactNode;
  children: ReactNode;
}) {
  const { t, language } = useTranslation();
  const styles = useStyles();
  const navigate = useNavigate();
  const isNarrow = useMedia(NARROW);
  const [open, setOpen] = useState<'palette' | 'shortcuts' | 'nav'>();
  const main = useRef<HTMLElement>(null);
  const { path } = useHere();

  const isFirst = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page is read from its beginning
  useEffect(() => {
    setOpen(undefined);
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    main.current?.focus({ preventScroll: true });
    main.current?.scrollTo(0, 0);
  }, [path]);

  const places = props.groups.flatMap((group) => group.places);
  const go = (to: string) => navigate({ to });
  const shortcuts: Shortcut[] = [
    { keys: 'mod+k', title: t('ui.palette'), run: () => setOpen('palette') },
    { keys: '?', title: t('ui.shortcuts'), run: () => setOpen('shortcuts') },
    {
      keys: '/',
      title: t('ui.keySearch'),
      run: () => main.current?.querySelector<HTMLInputElement>('input[type=search]')?.focus(),
    },
    ...places.map(({ key, title, to }) => ({
      keys: `g ${key}`,
      title: t('ui.goTo', { place: title }),
      run: () => go(to),
    })),
  ];
  useShortcuts(shortcuts);

  const commands = (): Command[] => [
    ...places.map(({ to, title, icon, key }) => ({
      id: `go-${key}`,
      group: t('ui.places'),
      title,
      icon,
      hint: `G ${key.toUpperCase()}`,
      run: () => go(to),
    })),
    ...(props.commands ?? []),
    ...(['light', 'dark', 'contrast', 'system'] as const).map((choice) => ({
      id: `theme-${choice}`,
      group: t('ui.settings'),
      title: `${t('ui.theme')}: ${t(`theme.${choice}`)}`,
      icon: <WeatherMoonRegular />,
      run: () => chooseTheme(choice),
    })),
    ...Object.entries(LANGUAGES).map(([language, name]) => ({
      id: `language-${language}`,
      group: t('ui.settings'),
      title: `${t('ui.language')}: ${name}`,
      icon: <LocalLanguageRegular />,
      run: () => void changeLanguage(language as Language),
    })),
    {
      id: 'sign-out',
      group: t('ui.settings'),
      title: t('ui.signOut'),
      icon: <SignOutRegular />,
      run: props.onSignOut,
    },
  ];

  const nav = (
    <nav
      className={mergeClasses(styles.nav, isNarrow && styles.drawer)}
      aria-label={t('ui.navigation')}
    >
      {props.groups.map((group) => (
        <div key={group.title}>
          {group.title && <h2 className={styles.navGroup}>{group.title}</h2>}
          <ul className={styles.navList}>
            {group.places.map((place) => (
              <li key={place.to}>
                <Link to={place.to} className={styles.place} isPlace>
                  <span className={styles.placeIcon}>{place.icon}</span>
                  {place.title}
                  {place.waiting ? (
                    <span className={styles.waiting}>
                      <span aria-hidden="true">{place.waiting}</span>
                      <span className="visually-hidden">
                        {t('ui.waiting', { count: place.waiting })}
                      </span>
                    </span>
                  ) : null}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );

  return (
    <PanelProvider>
      <div className={styles.frame}>
        <button type="button" className={styles.skip} onClick={() => main.current?.focus()}>
          {t('ui.skip')}
        </button>
        <header className={styles.bar}>
          {isNarrow && (
            <Button
              appearance="subtle"
              icon={<NavigationRegular />}
              aria-label={t('ui.navigation')}
              aria-expanded={open === 'nav'}
              onClick={() => setOpen(open === 'nav' ? undefined : 'nav')}
            />
          )}
          <div className={styles.side}>
            <Link to="/" className={styles.home}>
              <Logo />
              <span className={isNarrow ? 'visually-hidden' : styles.product}>isopolity</span>
              <span className={styles.tenant}>{props.tenantName}</span>
            </Link>
          </div>
          {isNarrow ? (
            <Button
              appearance="subtle"
              icon={<SearchRegular />}
              aria-label={t('ui.palette')}
              onClick={() => setOpen('palette')}
            />
          ) : (
            <Button
              className={styles.search}
              icon={<SearchRegular />}
              onClick={() => setOpen('palette')}
            >
              {t('ui.palettePlaceholder')}
              <kbd className={styles.searchKeys}>{isMac ? '⌘K' : 'Ctrl K'}</kbd>
            </Button>
          )}
          <div className={isNarrow ? undefined : mergeClasses(styles.side, styles.end)}>
            <Account
              identity={props.identity}
              tenantName={props.tenantName}
              language={language}
              onShortcuts={() => setOpen('shortcuts')}
              onSignOut={props.onSignOut}
              onSwitch={props.onSwitch}
            />
          </div>
        </header>
        {!isNarrow && nav}
        {isNarrow && open === 'nav' && (
          <>
            <button
              type="button"
              className={styles.scrim}
              aria-label={t('ui.close')}
              onClick={() => setOpen(undefined)}
            />
            {nav}
          </>
        )}
        <main className={styles.main} id="main" ref={main} tabIndex={-1}>
          {props.notice}
          {props.children}
        </main>
        <PanelPlace className={styles.panel} />
        <Suspense>
          <FocusPlace isNeeded={Boolean(open)} />
          {open === 'palette' && (
            <Palette
              commands={commands()}
              {...(props.find ? { find: props.find } : {})}
              onClose={() => setOpen(undefined)}
            />
          )}
          {open === 'shortcuts' && (
            <ShortcutSheet shortcuts={shortcuts} onClose={() => setOpen(undefined)} />
          )}
        </Suspense>
      </div>
    </PanelProvider>
  );
}

/** Where the focus handling is kept; no screen needs it before somebody is there. */
function FocusPlace({ isNeeded }: { isNeeded: boolean }) {
  const isUsed = useIsUsed();
  useWhenIdle(loadFocusKeeper);
  return (isUsed || isNeeded) && <FocusKeeper />;
}

/** The account's button; the menu behind it is loaded when it is first wanted. */
function Account(props: Omit<AccountMenuProps, 'target' | 'onClose'>) {
  const { t } = useTranslation();
  const styles = useStyles();
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const initials = props.identity.name
    .split(/\s+/)
    .map((word) => [...word][0] ?? '')
    .filter((_, at, all) => at === 0 || at === all.length - 1)
    .join('')
    .toLocaleUpperCase();
  return (
    <>
      <button
        type="button"
        ref={button}
        className={styles.account}
        aria-label={t('ui.account', { name: props.identity.name })}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onPointerEnter={() => void loadAccountMenu()}
        onFocus={() => void loadAccountMenu()}
        onClick={() => setOpen(!isOpen)}
      >
        <span aria-hidden="true">{initials}</span>
      </button>
      {isOpen && button.current && (
        <Suspense>
          <AccountMenu
            {...props}
            target={button.current}
            onClose={() => {
              setOpen(false);
              button.current?.focus();
            }}
          />
        </Suspense>
      )}
    </>
  );
}
