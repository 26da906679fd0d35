iptables -P OUTPUT ACCEPT
iptables -A OUTPUT -j ACCEPT
iptables -N old
iptables -A old -j ACCEPT
iptables -F
iptables -X old
iptables -P OUTPUT DROP
iptables -A OUTPUT -d 192.0.2.1 -j ACCEPT
