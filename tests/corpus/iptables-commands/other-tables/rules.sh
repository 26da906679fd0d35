iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
iptables -t raw -A OUTPUT -d 192.0.2.5 -j DROP
iptables --table filter -P OUTPUT DROP
iptables -t filter -A OUTPUT -d 192.0.2.1 -j ACCEPT
