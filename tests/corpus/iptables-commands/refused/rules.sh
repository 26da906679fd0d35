iptables -P OUTPUT DROP
iptables -A OUTPUT -d 192.0.2.300 -j ACCEPT
iptables -A OUTPUT -d example.com -j ACCEPT
iptables -A OUTPUT --dport 443 -j ACCEPT
iptables -A nowhere -d 192.0.2.1 -j ACCEPT
iptables -D OUTPUT 1
iptables -I OUTPUT 9 -d 192.0.2.1 -j ACCEPT
