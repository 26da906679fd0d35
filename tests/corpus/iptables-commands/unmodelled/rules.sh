iptables -P OUTPUT DROP
iptables -A OUTPUT -m owner --uid-owner root -d 192.0.2.1 -j ACCEPT
iptables -A OUTPUT -m limit --limit 1/s -d 192.0.2.2 -j DROP
iptables -A OUTPUT -o eth0 -d 192.0.2.0/24 -j ACCEPT
