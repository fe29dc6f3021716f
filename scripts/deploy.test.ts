/** What deploy/ brings names flags, options, paths and probes that there are, and parses. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { commandFlags, flags } from '../packages/node/src/cli/flags.ts';
import { withEnvironment } from '../packages/node/src/config/environment.ts';
import { resolveProxyOptions } from '../packages/node/src/options/resolve-proxy-options.ts';

const folder = fileURLToPath(new URL('../deploy/', import.meta.url));
const read = (path: string): string => readFileSync(`${folder}${path}`, 'utf8');

const names = new Set([...commandFlags, ...flags].map(({ name }) => `--${name}`));
const environment = { REVERSEIT_ADMIN_TOKEN: '0123456789abcdef', REVERSEIT_BACKEND: 'http://a' };
const configured = (text: string) =>
  resolveProxyOptions(withEnvironment(JSON.parse(text), environment));

const portOf = (address: object | undefined): unknown =>
  address !== undefined && 'port' in address ? address.port : null;

describe('docker', () => {
  const dockerfile = read('docker/Dockerfile');
  it('copies what is there, runs as nobody, and starts the command', () => {
    for (const [, file = ''] of dockerfile.matchAll(/^COPY ([^-\s]\S*) /gm)) {
      expect(existsSync(`${folder}docker/${file}`)).toBe(true);
    }
    expect(dockerfile).toMatch(/^USER (?!0|root)\S+$/m);
    const entry: readonly string[] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '');
    const { bin }: { bin: string | Record<string, string> } = JSON.parse(
      readFileSync(new URL('../packages/node/package.json', import.meta.url), 'utf8'),
    );
    const file = typeof bin === 'string' ? bin : (Object.values(bin)[0] ?? '');
    expect(entry[1]).toBe(`/opt/reverseit/node_modules/@reverseit/node/${file.replace('./', '')}`);
    const args: readonly string[] = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)?.[1] ?? '');
    for (const arg of args) if (arg.startsWith('--')) expect(names).toContain(arg);
  });
  it('exposes what the configuration listens on', () => {
    const { listeners, admin } = configured(read('docker/config.json'));
    expect(dockerfile).toContain(
      `EXPOSE ${portOf(listeners[0]?.target)} ${portOf(admin?.listen)}\n`,
    );
  });
});

describe('systemd', () => {
  const unit = read('systemd/reverseit.service');
  it('is made of sections and assignments, and of flags that there are', () => {
    for (const text of [unit, read('systemd/reverseit.socket')]) {
      for (const line of text.split('\n')) expect(line).toMatch(/^$|^#|^\[[A-Z]\w+\]$|^[A-Z]\w+=/);
    }
    const [, command = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
    const used = command.match(/--[a-z-]+/g) ?? [];
    expect(used).toContain('--config');
    for (const flag of used) expect(names).toContain(flag);
  });
  it.skipIf(spawnSync('systemd-analyze', ['--version']).error !== undefined)(
    'is accepted by systemd-analyze, where there is one',
    () => {
      const { stderr } = spawnSync(
        'systemd-analyze',
        [
          'verify',
          '--man=no',
          `${folder}systemd/reverseit.service`,
          `${folder}systemd/reverseit.socket`,
        ],
        { encoding: 'utf8' },
      );
      const faults = stderr.split('\n').filter((line) => /reverseit\.(service|socket)/.test(line));
      // Neither the command nor a user manager is installed where this runs.
      expect(faults.filter((line) => !line.includes('is not executable'))).toEqual([]);
    },
  );
});

describe('kubernetes', () => {
  const documents = parseAllDocuments(read('kubernetes/reverseit.yaml'));
  const objects = documents.map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
  const one = (kind: string) => objects.find((object) => object.kind === kind);
  const pod = one('Deployment').spec.template.spec;
  const [container] = pod.containers;
  const options = configured(one('ConfigMap').data['config.json']);

  it('has the objects, which select the same pods', () => {
    expect(objects.map(({ kind }) => kind)).toEqual([
      'ConfigMap',
      'Deployment',
      'Service',
      'PodDisruptionBudget',
    ]);
    const { labels } = one('Deployment').spec.template.metadata;
    expect(one('Service').spec.selector).toEqual(labels);
    expect(one('PodDisruptionBudget').spec.selector.matchLabels).toEqual(labels);
  });
  it('names the ports that the configuration listens on, and flags that there are', () => {
    const ports = container.ports.map((port: { containerPort: number }) => port.containerPort);
    expect(ports).toEqual([portOf(options.listeners[0]?.target), portOf(options.admin?.listen)]);
    for (const arg of container.args) if (arg.startsWith('--')) expect(names).toContain(arg);
  });
  it('probes paths of the admin listener, and has time to close', () => {
    const source = readFileSync(
      new URL('../packages/admin/src/admin-listener.ts', import.meta.url),
      'utf8',
    );
    for (const { httpGet } of [container.livenessProbe, container.readinessProbe]) {
      expect(source).toContain(`'${httpGet.path}': `);
      expect(httpGet.port).toBe('admin');
    }
    const needed = options.closeTimeout + options.shutdownDelay;
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(needed);
  });
});

it('rotates logs by the signal that opens them again', () => {
  expect(read('logrotate/reverseit')).toContain('--signal=USR2 reverseit.service');
  expect(readdirSync(folder).sort()).toContain('logrotate');
});
