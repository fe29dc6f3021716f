/** Made once by OpenSSL, since Node makes neither. Both are good for a hundred years. */

/** A client's certificate and key (`CN=archive`, signed by itself), locked by the passphrase `open`. */
export const archive = Buffer.from(
  [
    'MIIEDAIBAzCCA8IGCSqGSIb3DQEHAaCCA7MEggOvMIIDqzCCAmIGCSqGSIb3DQEHBqCCAlMwggJPAgEAMIICSAYJ',
    'KoZIhvcNAQcBMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiQzQmBBjkDAQICCAAwDAYIKoZIhvcNAgkF',
    'ADAdBglghkgBZQMEASoEEPN5p1tFei/YpvD551Bgml2AggHgqRpFINE2SHD/LYX/6R/D4Vhh44Tjui5TezzAM20L',
    'Wd5fcU1D2r6jhyxk4OWuTZkNfSeFJF/lF0vS51EsvB9ZtJvEd8NhwVIqaW1zDPc45OtvWIb2e4FRzgBvs/R9k9lN',
    'sMs8U7hwGJZ3FTGqvurNjdmXQsPKPB07Ua8PUORnj1Jno9+3z8S1Qry/dh6Zj+v4e4TS9kkNGyVA+cfnlN/SaonV',
    'hcUio+cqd9UriTctCvWrHHHtOiaw2APTdXq7HeAIyUK/3E2dDCuDtF1P0e6O4nUVzf9Q/Jra4Hh+YBN9foT/T4TU',
    '3JehH17mu/Zjy5Z8JDNNjFFZkjb/LxufaGoSmTfBTKBn2qxSnKCzEOk8Y0YFidtFMDFF3qqLaPd/4sKZRGp2wOoF',
    'e6m1VJUJeQ49I/rZLmcU8OFAqXK/MLxMS7PmozBKt4aPj7u1TA47APyZWblqMh7h02scvpWBB9w5OCboYjXiXFx4',
    'O4vn8z9x5BZblT9MzJodAEUaJBFkWD0vs1yUrAYcjh6VFGROECaMH/aBNIPVgBjZe/WJU8zcQElbSAXgbD9pPAt/',
    'TntcMeS64aND97/PRhCXyLf6wv+xeK3BZ5pSqSTe93rotxg7+8F+wfyMjmZ9NTcSwHM/oXPuMIIBQQYJKoZIhvcN',
    'AQcBoIIBMgSCAS4wggEqMIIBJgYLKoZIhvcNAQwKAQKgge8wgewwVwYJKoZIhvcNAQUNMEowKQYJKoZIhvcNAQUM',
    'MBwECCwvBdBk7p4rAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQo302eLRyYtadpoooDIWCQASBkN+G',
    'x3HvK2Z+Ikz0RatDlUxEei3gRKMCq+1VvWe+IiZKZFi/bhhT9KNw2AbBkmT7hkD181b176qOXJkD40J0v9xuCCUe',
    '0mp0hi4dhWKzGg28fAs04/WLA+YlK62syVg6IqXQXB7KvRgAmoOMLlWJLQl/eptfOZHuxWhzFQWQrBMQT6KR+qP+',
    'UH0Me07vmCd1OzElMCMGCSqGSIb3DQEJFTEWBBRsyRKdltPIb1DhlM4+wtG0TMEcSDBBMDEwDQYJYIZIAWUDBAIB',
    'BQAEIP+SrqnG8PBFQe5E7+KssY1vlJDpIrHYDQZ3Pz7ONU4VBAgIzg5lf381yQICCAA=',
  ].join(''),
  'base64',
);

/** Of an authority that has signed nothing: nobody is revoked by it, and nobody cleared. */
export const revocationList = `-----BEGIN X509 CRL-----
MIGsMFMCAQEwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHYXJjaGl2ZRcNMjYxMTMw
MDUzMjM3WhgPMjEyNjExMDYwNTMyMzdaoA4wDDAKBgNVHRQEAwIBATAKBggqhkjO
PQQDAgNJADBGAiEA+bclkj42RBXAxkeQHgqJOEgkwdRtZX/fQlq2fZesH7cCIQDZ
Aqq8kS5WlkQHW3EsSpYdMZrKLOa2mOnkDFFBuj0aaw==
-----END X509 CRL-----
`;
