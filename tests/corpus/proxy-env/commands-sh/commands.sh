#!/bin/sh
kubectl -n agents set env deployment/agent HTTP_PROXY=http://p.example:1 'HTTPS_PROXY=http://p.example:1' NO_PROXY="svc,10.0.0.0/8"
kubectl --namespace=agents set env daemonset/other --from=secret/proxy --keys=HTTP_PROXY,HTTPS_PROXY NO_PROXY=svc
