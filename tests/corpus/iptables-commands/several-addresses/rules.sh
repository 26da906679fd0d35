iptables -P OUTPUT DROP
iptables -A OUTPUT -s 10.0.0.1,10.0.0.2 -d 192.0.2.1,198.51.100.0/255.255.255.0 -p tcp --dport 443 -j ACCEPT
iptables -A OUTPUT -d 203.0.113.77/25 -p udp --dport 1024: -j ACCEPT
iptables -A OUTPUT -p tcp --dport :21 -d 203.0.113.1 -j ACCEPT
