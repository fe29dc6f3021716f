/** The tables that only show: routes, pools, errors, processes. */
import {
  formatAge,
  formatBytes,
  formatCount,
  formatMs,
  formatPercent,
  formatShort,
} from '../figures/format.ts';
import type { ErrorRow, PoolRow, ProcessRow, RouteRow } from '../figures/table-rows.ts';
import { type Column, DataTable } from './data-table.ts';
import { byId } from './dom.ts';

/** A column of numbers, which begins with the largest. */
const number = <Row>(
  label: string,
  value: (row: Row) => number | null,
  format: (value: number | null) => string,
): Column<Row> => ({
  label,
  kind: 'number',
  text: (row) => format(value(row)),
  value,
  startsDescending: true,
});

const text = <Row>(label: string, value: (row: Row) => string): Column<Row> => ({
  label,
  text: value,
  value,
});

export const createRoutesTable = (): DataTable<RouteRow> =>
  new DataTable<RouteRow>({
    section: byId('routes', HTMLElement),
    title: 'Routes',
    noun: ['route', 'routes'],
    key: ({ route }) => route,
    filterText: ({ route }) => route,
    pageSize: 25,
    sortedBy: 1,
    empty: 'No request has come yet.',
    columns: [
      text('Route', ({ route }) => route),
      number('Requests/s', ({ rate }) => rate, formatShort),
      number('5xx', ({ errorShare }) => errorShare, formatPercent),
      number('p50', ({ latency }) => latency.p50, formatMs),
      number('p90', ({ latency }) => latency.p90, formatMs),
      number('p99', ({ latency }) => latency.p99, formatMs),
      number('Sent/s', ({ sent }) => sent, formatBytes),
      number('Active', ({ active }) => active, formatCount),
      number('WebSockets', ({ webSockets }) => webSockets, formatCount),
      number('Total', ({ requests }) => requests, formatShort),
    ],
  });

export const createPoolsTable = (): DataTable<PoolRow> =>
  new DataTable<PoolRow>({
    section: byId('pools', HTMLElement),
    title: 'Connections to backends',
    noun: ['origin', 'origins'],
    key: ({ origin }) => origin,
    filterText: ({ origin }) => origin,
    pageSize: 15,
    sortedBy: 0,
    empty: 'No connection to a backend was made yet.',
    columns: [
      text('Origin', ({ origin }) => origin),
      number('Open', ({ open }) => open, formatCount),
      number('Idle', ({ idle }) => idle, formatCount),
      number('Active', ({ active }) => active, formatCount),
      number('Waiting', ({ waiting }) => waiting, formatCount),
      number('New/s', ({ opened }) => opened, formatShort),
      number('Reused', ({ reuse }) => reuse, formatPercent),
    ],
  });

export const createErrorsTable = (): DataTable<ErrorRow> =>
  new DataTable<ErrorRow>({
    section: byId('errors', HTMLElement),
    title: 'Refusals and errors',
    noun: ['code', 'codes'],
    key: ({ code }) => code,
    filterText: ({ code }) => code,
    pageSize: 15,
    sortedBy: 2,
    empty: 'None since the start.',
    columns: [
      text('Code', ({ code }) => code),
      number('Per second', ({ rate }) => rate, formatShort),
      number('Total', ({ count }) => count, formatCount),
    ],
  });

export const createProcessesTable = (): DataTable<ProcessRow> =>
  new DataTable<ProcessRow>({
    section: byId('processes', HTMLElement),
    title: 'Processes',
    noun: ['process', 'processes'],
    key: ({ pid }) => String(pid),
    filterText: ({ worker, pid, state }) => `${worker} ${pid} ${state}`,
    pageSize: 32,
    sortedBy: 0,
    empty: 'No process has reported yet.',
    columns: [
      text('Worker', ({ worker }) => worker),
      number(
        'PID',
        ({ pid }) => pid,
        (pid) => String(pid),
      ),
      text('State', ({ state, isCurrent }) => (isCurrent ? state : `${state}, does not answer`)),
      number('CPU', ({ cpu }) => cpu, formatPercent),
      number('Loop p50', ({ loop }) => loop.p50, formatMs),
      number('Loop p99', ({ loop }) => loop.p99, formatMs),
      number('Memory', ({ residentMemory }) => residentMemory, formatBytes),
      number('Heap', ({ heapUsed }) => heapUsed, formatBytes),
      number('Up', ({ uptime }) => uptime, formatAge),
    ],
  });
