#!/bin/sh
# Makes the certificates that the tests use, valid for 100 years. Run it only to replace them all:
#   sh test/servers/certs/generate.sh
# The key of the authority is thrown away, so nothing else can ever be signed with it.
set -eu
cd "$(dirname "$0")"
days=36500
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }

key "$work/ca-key.pem"
openssl req -x509 -new -key "$work/ca-key.pem" -sha256 -days $days -subj '/CN=Test Authority' \
  -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' -out ca.pem

# signed <file> <common name> <extended key usage> <alternative names>
signed() {
  key "$1-key.pem"
  openssl req -new -key "$1-key.pem" -subj "/CN=$2" -out "$work/$1.csr"
  printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=%s\nsubjectAltName=%s\n' "$3" "$4" > "$work/$1.ext"
  openssl x509 -req -in "$work/$1.csr" -CA ca.pem -CAkey "$work/ca-key.pem" -CAcreateserial \
    -CAserial "$work/ca.srl" -sha256 -days $days -extfile "$work/$1.ext" -out "$1.pem"
}

signed good localhost serverAuth 'DNS:localhost,IP:127.0.0.1,IP:::1'
signed wrong-name mail.example.com serverAuth 'DNS:mail.example.com'
signed client client clientAuth 'DNS:client.example.com'

key self-signed-key.pem
openssl req -x509 -new -key self-signed-key.pem -sha256 -days $days -subj '/CN=localhost' \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' -out self-signed.pem
