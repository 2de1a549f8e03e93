/**
 * Screens and their addresses: which screen an address shows, and the way to another.
 *
 * A screen's path is fixed; everything else that it shows is in the query, as short texts by name.
 * Going somewhere changes the address at once, and what is drawn as soon as that is loaded: until
 * then the screen before stays.
 */
import {
  Component,
  type ComponentProps,
  type ComponentType,
  createContext,
  type MouseEvent,
  type ReactNode,
  Suspense,
  startTransition,
  use,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';

/** What an address says beside its path. */
export type Address = Record<string, string | undefined>;

/** Where somebody is. */
interface Here {
  /** Below the app's own address. */
  path: string;
  address: Address;
}

/** What an address shows. */
export interface Screen {
  Screen: ComponentType;
  /** Gets it, if it isn't there; what failed is tried again. */
  load: () => Promise<unknown>;
}

/** A screen that is there from the beginning. */
export const screen = (Screen: ComponentType): Screen => ({
  Screen,
  load: () => Promise.resolve(),
});

/** A screen that is loaded when it is first wanted. */
export function laterScreen(get: () => Promise<ComponentType>): Screen {
  let found: ComponentType | undefined;
  let loading: Promise<ComponentType> | undefined;
  let hasFailed = false;
  const begin = () => {
    hasFailed = false;
    loading = get();
    loading.then(
      (loaded) => {
        found = loaded;
      },
      () => {
        hasFailed = true;
      },
    );
    return loading;
  };
  return {
    Screen: () => {
      const Found = found ?? use(loading ?? begin());
      return <Found />;
    },
    load: () => (loading && !hasFailed ? loading : begin()),
  };
}

export interface Going {
  /** A path; where one is if left out. */
  to?: string;
  search?: Address;
  /** Without a step in the history. */
  replace?: boolean;
}

/** The screens of an app by their paths. */
export class Router {
  readonly #base: string;
  readonly #screens: Record<string, Screen>;
  readonly #watchers = new Set<() => void>();
  #ask: ((goOn: () => void) => void) | undefined;
  #heldAt = '';

  constructor(base: string, screens: Record<string, Screen>) {
    this.#base = base;
    this.#screens = screens;
  }

  /** Where the browser is. */
  get here(): Here {
    const below = location.pathname.slice(this.#base.length).replace(/\/+$/, '');
    return {
      path: below || '/',
      address: Object.fromEntries(new URLSearchParams(location.search)),
    };
  }

  screenAt(path: string): Screen | undefined {
    return Object.hasOwn(this.#screens, path) ? this.#screens[path] : undefined;
  }

  /** An address, for a link. What is empty isn't in it. */
  hrefTo({ to = this.here.path, search = {} }: Going): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(search)) if (value) query.set(name, value);
    const text = query.toString();
    return this.#base + (to === '/' ? '' : to) + (text && `?${text}`);
  }

  /** Gets a screen ahead of its use. That this can fail is told when it is shown. */
  async load(path = this.here.path): Promise<void> {
    await this.screenAt(path)
      ?.load()
      .catch(() => undefined);
  }

  /** Lets nobody go anywhere before it is asked; what is given to `ask` goes on. */
  hold(ask: (goOn: () => void) => void): () => void {
    this.#ask = ask;
    this.#heldAt = location.pathname + location.search;
    return () => {
      if (this.#ask === ask) this.#ask = undefined;
    };
  }

  /** Goes to another address. */
  go(going: Going): void {
    const ask = this.#ask;
    if (ask) {
      ask(() => {
        this.#ask = undefined;
        this.go(going);
      });
      return;
    }
    const href = this.hrefTo(going);
    const isSame = href === location.pathname + location.search;
    if (going.replace || isSame) history.replaceState(null, '', href);
    else history.pushState(null, '', href);
    void this.load();
    for (const watcher of this.#watchers) watcher();
  }

  /** Tells of another address. */
  watch(watcher: () => void): () => void {
    const hear = () => {
      const ask = this.#ask;
      if (!ask) return watcher();
      // The browser has gone already: back to where one is, as if it hadn't.
      history.pushState(null, '', this.#heldAt);
      ask(() => {
        this.#ask = undefined;
        history.back();
      });
    };
    this.#watchers.add(watcher);
    addEventListener('popstate', hear);
    return () => {
      this.#watchers.delete(watcher);
      removeEventListener('popstate', hear);
    };
  }
}

const RouterContext = createContext<Router | undefined>(undefined);
const HereContext = createContext<Here>({ path: '/', address: {} });

/** Gives everything below where it is, and ways to go elsewhere. */
export function RouterProvider({ router, children }: { router: Router; children: ReactNode }) {
  const [here, setHere] = useState(router.here);
  useEffect(() => {
    let { path } = router.here;
    return router.watch(() => {
      const next = router.here;
      // What a click changes on the screen is there with it; only another screen is waited for.
      if (next.path === path) setHere(next);
      else startTransition(() => setHere(next));
      path = next.path;
    });
  }, [router]);
  return (
    <RouterContext value={router}>
      <HereContext value={here}>{children}</HereContext>
    </RouterContext>
  );
}

export function useRouter(): Router {
  const router = useContext(RouterContext);
  if (!router) throw new Error('no RouterProvider above');
  return router;
}

/** Where one is. */
export const useHere = (): Here => useContext(HereContext);

/** The way to go elsewhere. */
export function useNavigate(): (going: Going) => void {
  const router = useRouter();
  return (going) => router.go(going);
}

/**
 * Asks before what was entered is left for another address: `ask` is given the way on, if somebody
 * still wants to. The browser itself asks before the page is closed.
 */
export function useLeaving(isHeld: boolean, ask: (goOn: () => void) => void): void {
  const router = useRouter();
  const asking = useRef(ask);
  useLayoutEffect(() => {
    asking.current = ask;
  });
  useEffect(() => {
    if (!isHeld) return;
    const release = router.hold((goOn) => asking.current(goOn));
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', stay);
    return () => {
      release();
      removeEventListener('beforeunload', stay);
    };
  }, [router, isHeld]);
}

/** Goes elsewhere in place of drawing anything. */
export function Navigate({ to }: { to: string }) {
  const router = useRouter();
  useLayoutEffect(() => router.go({ to, replace: true }), [router, to]);
  return null;
}

/** The screen of the address; what is shown where there is none, and where one can't be drawn. */
export function CurrentScreen(props: {
  missing: ComponentType;
  broken: ComponentType<BrokenProps>;
}) {
  const { path } = useHere();
  const Current = useRouter().screenAt(path)?.Screen ?? props.missing;
  return (
    <Suspense>
      <Guarded key={path} broken={props.broken}>
        <Current />
      </Guarded>
    </Suspense>
  );
}

export interface BrokenProps {
  error: unknown;
  reset: () => void;
}

interface GuardedProps {
  broken: ComponentType<BrokenProps>;
  children: ReactNode;
}

interface Failed {
  failed: { error: unknown } | undefined;
}

/** Shows something else in place of what can't be drawn. */
export class Guarded extends Component<GuardedProps, Failed> {
  override state: Failed = { failed: undefined };

  static getDerivedStateFromError(error: unknown): Failed {
    return { failed: { error } };
  }

  override render() {
    const { failed } = this.state;
    if (!failed) return this.props.children;
    const Broken = this.props.broken;
    return <Broken error={failed.error} reset={() => this.setState({ failed: undefined })} />;
  }
}

export interface LinkProps extends Omit<ComponentProps<'a'>, 'href'> {
  to: string;
  search?: Address;
  /** Whether it says that one is there, at this path or below it. */
  isPlace?: boolean;
}

/** A link to a screen, which is loaded as soon as somebody is about to follow it. */
export function Link({ to, search, isPlace = false, onClick, ...rest }: LinkProps) {
  const router = useRouter();
  const { path } = useHere();
  const isHere = path === to || (to !== '/' && path.startsWith(`${to}/`));
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isForBrowser = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (event.defaultPrevented || isForBrowser || event.button !== 0) return;
    event.preventDefault();
    router.go({ to, ...(search ? { search } : {}) });
  };
  const load = () => void router.load(to);
  return (
    <a
      {...rest}
      href={router.hrefTo({ to, ...(search ? { search } : {}) })}
      aria-current={isPlace && isHere ? 'page' : undefined}
      onClick={follow}
      onPointerEnter={load}
      onFocus={load}
    />
  );
}
