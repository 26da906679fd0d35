#!/bin/sh
set -e
iptables -F OUTPUT
iptables -P INPUT ACCEPT
iptables -P OUTPUT DROP
iptables -A OUTPUT -o lo -j ACCEPT
iptables -A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A OUTPUT -p tcp -d 192.0.2.0/24 --dport https -j ACCEPT
iptables -A OUTPUT -p udp -d 10.0.0.2 --dport 53 -j ACCEPT
