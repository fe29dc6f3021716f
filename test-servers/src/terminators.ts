/** What stands around the proxy where it is used: servers that end TLS before it, and Django behind it. */
import type { KeyPair } from './certificates.ts';
import {
  type ExternalServer,
  startConfiguredHaproxy,
  startConfiguredNginx,
  startExternal,
} from './external-servers.ts';

export interface Terminator {
  /** `http://host:port` of the proxy. */
  readonly proxyTo: string;
  readonly tls: KeyPair;
  /** What it tells of the client. */
  readonly writes: 'x-forwarded' | 'forwarded';
}

const nginxHeaders = {
  'x-forwarded': `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Port $server_port;`,
  // As nginx's documentation writes it, for IPv4.
  forwarded: `proxy_set_header Forwarded "$http_forwarded, for=$remote_addr;proto=$scheme;host=\\"$http_host\\"";
      proxy_set_header X-Forwarded-For "";`,
};

/** nginx: ends TLS, and names the client. */
export function startNginxTerminator({
  proxyTo,
  tls,
  writes,
}: Terminator): Promise<ExternalServer> {
  return startConfiguredNginx(
    (port, { temporary }) => `http {
  access_log off;
  ${temporary}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    location / {
      proxy_pass ${proxyTo};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      ${nginxHeaders[writes]}
    }
  }
}`,
    { tls },
  );
}

const haproxyRules = {
  'x-forwarded': `option forwardfor
  http-request set-header X-Forwarded-Proto https
  http-request set-header X-Forwarded-Host %[req.hdr(host)]`,
  // `option forwarded` of newer versions writes the same.
  forwarded: `http-request del-header X-Forwarded-For
  http-request add-header Forwarded for=%[src];proto=https;host=\\"%[req.hdr(host)]\\"`,
};

/** HAProxy: ends TLS, and names the client. */
export function startHaproxyTerminator({
  proxyTo,
  tls,
  writes,
}: Terminator): Promise<ExternalServer> {
  return startConfiguredHaproxy(
    (port, pair) => `global
  maxconn 64
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend here
  bind 127.0.0.1:${port} ssl crt ${pair}
  ${haproxyRules[writes]}
  default_backend target
backend target
  server target ${new URL(proxyTo).host}
`,
    tls,
  );
}

/**
 * Django that believes X-Forwarded-Proto and -Host, sends everybody to https and sets secure cookies. `/url` answers
 * with its own absolute URL and starts a session.
 */
export function startDjango(): Promise<ExternalServer> {
  return startExternal('python-django', {}, async (port) => [
    '-u',
    '-c',
    `import sys
from django.conf import settings
settings.configure(
    ALLOWED_HOSTS=['*'], SECRET_KEY='test', ROOT_URLCONF=__name__, DEBUG=False,
    SESSION_ENGINE='django.contrib.sessions.backends.signed_cookies',
    MIDDLEWARE=['django.middleware.security.SecurityMiddleware',
                'django.contrib.sessions.middleware.SessionMiddleware',
                'django.middleware.common.CommonMiddleware'],
    SECURE_PROXY_SSL_HEADER=('HTTP_X_FORWARDED_PROTO', 'https'), USE_X_FORWARDED_HOST=True,
    SECURE_SSL_REDIRECT=True, SESSION_COOKIE_SECURE=True)
import django
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path
def url(request):
    request.session['seen'] = True
    return HttpResponse(' '.join([request.build_absolute_uri(), str(request.is_secure()),
                                  request.META.get('HTTP_X_FORWARDED_FOR', '')]))
urlpatterns = [
    path('url', url),
    path('moved', lambda request: HttpResponseRedirect(request.build_absolute_uri('/url'))),
]
django.setup()
from wsgiref.simple_server import make_server, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
class Quiet(WSGIRequestHandler):
    def log_message(self, *args): pass
make_server('127.0.0.1', int(sys.argv[1]), get_wsgi_application(), handler_class=Quiet).serve_forever()`,
    String(port),
  ]);
}
