iptables -P OUTPUT DROP
iptables -A OUTPUT -d 192.0.2.0/24 -j ACCEPT
iptables -I OUTPUT -d 192.0.2.128/25 -j DROP
iptables -I OUTPUT 1 -d 192.0.2.129 -j ACCEPT
iptables -I OUTPUT 3 -d 192.0.2.1 -p tcp -j REJECT
