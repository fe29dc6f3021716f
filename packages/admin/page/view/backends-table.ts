/** The backends, with what state each is in and the button that changes it. */
import type { BackendState } from '../../src/stats.ts';
import { formatCount, formatMs, formatPercent, formatShort } from '../figures/format.ts';
import { type BackendRow, stateOrder } from '../figures/table-rows.ts';
import { DataTable } from './data-table.ts';
import { byId, element, setAttribute, setText } from './dom.ts';

/** What the button of a backend asks for. */
export type BackendAction = 'drain' | 'enable';

export type OnAction = (action: BackendAction, row: BackendRow, button: HTMLButtonElement) => void;

const stateCell = (cell: HTMLElement): ((row: BackendRow) => void) => {
  const badge = element('span', { class: 'badge' });
  const reason = element('span', { class: 'reason' });
  cell.append(badge, reason);
  let shown: BackendState | null = null;
  return (row) => {
    if (row.state !== shown) badge.dataset.state = row.state;
    shown = row.state;
    setText(badge, row.stateText);
    setText(reason, row.reason ?? '');
    reason.hidden = row.reason === null;
  };
};

const nameCell = (cell: HTMLElement): ((row: BackendRow) => void) => {
  const name = element('span', { class: 'name' });
  const url = element('span', { class: 'url' });
  cell.append(name, url);
  return (row) => {
    setText(name, row.name);
    setText(url, row.url);
    url.hidden = row.name === row.url;
  };
};

const actionCell =
  (onAction: OnAction) =>
  (cell: HTMLElement): ((row: BackendRow) => void) => {
    const button = element('button', { type: 'button', class: 'row-action' });
    const readmit = element('button', { type: 'button', class: 'row-action' }, 'Enable');
    cell.append(readmit, button);
    let row: BackendRow;
    const action = (): BackendAction => (row.state === 'draining' ? 'enable' : 'drain');
    button.addEventListener('click', () => onAction(action(), row, button));
    readmit.addEventListener('click', () => onAction('enable', row, readmit));
    return (next) => {
      row = next;
      const text = action() === 'drain' ? 'Drain' : 'Enable';
      setText(button, text);
      setAttribute(button, 'aria-label', `${text} ${row.name}`);
      // It ends an ejection before its time.
      readmit.hidden = row.state !== 'ejected';
      setAttribute(readmit, 'aria-label', `Enable ${row.name}`);
    };
  };

export const createBackendsTable = (onAction: OnAction): DataTable<BackendRow> =>
  new DataTable<BackendRow>({
    section: byId('backends', HTMLElement),
    title: 'Backends',
    noun: ['backend', 'backends'],
    key: ({ route, name, url }) => JSON.stringify([route, name, url]),
    filterText: ({ route, name, url, stateText, reason }) =>
      `${name} ${url} ${route} ${stateText} ${reason ?? ''}`,
    pageSize: 25,
    sortedBy: 1,
    empty: 'No route has a list of backends.',
    columns: [
      { label: 'Backend', text: ({ name }) => name, value: ({ name }) => name, create: nameCell },
      {
        label: 'State',
        weight: 'wide',
        text: ({ stateText }) => stateText,
        value: ({ state }) => stateOrder.indexOf(state),
        create: stateCell,
      },
      { label: 'Route', text: ({ route }) => route, value: ({ route }) => route },
      {
        label: 'Active',
        kind: 'number',
        text: ({ active }) => formatCount(active),
        value: ({ active }) => active,
        startsDescending: true,
      },
      {
        label: 'Requests/s',
        kind: 'number',
        text: ({ rate }) => formatShort(rate),
        value: ({ rate }) => rate,
        startsDescending: true,
      },
      {
        label: 'Failing',
        kind: 'number',
        text: ({ failureShare }) => formatPercent(failureShare),
        value: ({ failureShare }) => failureShare,
        startsDescending: true,
      },
      {
        label: 'Failures',
        weight: 'minor',
        kind: 'number',
        text: ({ failures }) => formatShort(failures),
        value: ({ failures }) => failures,
        startsDescending: true,
      },
      {
        label: 'Latency',
        kind: 'number',
        text: ({ latency }) => formatMs(latency),
        value: ({ latency }) => latency,
        startsDescending: true,
      },
      { label: 'Action', kind: 'action', text: () => '', create: actionCell(onAction) },
    ],
  });
