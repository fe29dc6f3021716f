/** The status page: figures come by the feed, and are shown as tiles, charts and tables. */
import type { ProxyStats } from '../src/stats.ts';
import { changeBackend } from './feed/actions.ts';
import { Feed } from './feed/feed.ts';
import { forgetToken, storedToken, storeToken } from './feed/token.ts';
import { sampleOf } from './figures/moment.ts';
import { Readings } from './figures/readings.ts';
import {
  type BackendRow,
  backendRows,
  errorRows,
  poolRows,
  processRows,
  routeRows,
  routesWithoutOthers,
} from './figures/table-rows.ts';
import { type BackendAction, createBackendsTable } from './view/backends-table.ts';
import { Charts } from './view/charts.ts';
import { byId, setText } from './view/dom.ts';
import { DrainDialog } from './view/drain-dialog.ts';
import { LinkState } from './view/link-state.ts';
import {
  createErrorsTable,
  createPoolsTable,
  createProcessesTable,
  createRoutesTable,
} from './view/other-tables.ts';
import { SignIn } from './view/sign-in.ts';
import { Tiles } from './view/tiles.ts';

/** Tiles and tables are of so long. */
const spanMs = 10_000;

const readings = new Readings(spanMs);
const tiles = new Tiles();
const charts = new Charts();
const link = new LinkState();
const dialog = new DrainDialog();
const routes = createRoutesTable();
const pools = createPoolsTable();
const errors = createErrorsTable();
const processes = createProcessesTable();
const forget = byId('forget-token', HTMLButtonElement);
const windowChoice = byId('window', HTMLElement);
const actionFault = byId('action-fault', HTMLElement);
const actionDone = byId('action-done', HTMLElement);

document.title = `ReverseIt ${location.host}`;

let newest: ProxyStats | null = null;
let backendList: readonly BackendRow[] = [];
let frame = 0;
/** A token was sent and refused, as against: none was asked for yet. */
let isTokenSent = false;

const draw = (): void => {
  frame = 0;
  if (newest === null) return;
  const span = readings.window;
  backendList = backendRows(newest, span);
  tiles.update(newest, span);
  charts.draw(windowSeconds());
  backends.update(backendList);
  routes.update(routeRows(newest, span));
  pools.update(poolRows(newest, span));
  errors.update(errorRows(newest, span));
  processes.update(processRows(newest, span));
};

/** Draws before the screen is refreshed; not while the page is out of sight. */
const drawSoon = (): void => {
  if (frame === 0) frame = requestAnimationFrame(draw);
};

const windowSeconds = (): number => {
  const chosen = windowChoice.querySelector('input:checked');
  return chosen instanceof HTMLInputElement ? Number(chosen.value) : 300;
};
windowChoice.addEventListener('change', drawSoon);

const feed = new Feed({
  onStats(stats) {
    readings.push(stats);
    const { last, window } = readings;
    if (last !== null && window !== null) charts.push(sampleOf(last, window));
    newest = stats;
    isTokenSent = false;
    forget.hidden = storedToken() === null;
    signIn.hide();
    link.onStats(stats);
    drawSoon();
  },
  onLost: (why, retryMs) => link.onLost(why, retryMs),
  onTokenNeeded() {
    forgetToken();
    forget.hidden = true;
    link.lock();
    signIn.show(isTokenSent ? 'The proxy does not accept this token.' : '');
    isTokenSent = false;
  },
});

const signIn = new SignIn((token) => {
  storeToken(token);
  isTokenSent = true;
  link.unlock();
  feed.start();
});

forget.addEventListener('click', () => {
  forgetToken();
  // Whoever looks next sees nothing of what came before.
  location.reload();
});

const change = async (
  action: BackendAction,
  row: BackendRow,
  button: HTMLButtonElement,
): Promise<void> => {
  const { name } = row;
  const same = backendList.filter((other) => other.name === name);
  if (action === 'drain') {
    const isSure = await dialog.ask({
      name,
      active: same.reduce((sum, { active }) => sum + active, 0),
      routes: same.map(({ route }) => route),
      routesWithoutOthers: routesWithoutOthers(backendList, name),
    });
    if (!isSure) return;
  }
  setText(actionFault, '');
  // Not `disabled`, which would take the focus away.
  button.setAttribute('aria-busy', 'true');
  try {
    await changeBackend(name, action);
    setText(actionDone, action === 'drain' ? `${name} is draining.` : `${name} is enabled.`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    setText(actionFault, `Could not ${action} ${name}: ${why}`);
  } finally {
    button.removeAttribute('aria-busy');
  }
};

const backends = createBackendsTable((action, row, button) => {
  if (button.getAttribute('aria-busy') !== 'true') void change(action, row, button);
});

feed.start();
