iptables -P OUTPUT ACCEPT
iptables -A OUTPUT ! -d 10.0.0.0/8 -p tcp ! --dport 443 -j DROP
iptables -A OUTPUT ! -p tcp -j DROP
iptables -A OUTPUT ! -s 10.0.0.0/8 -j DROP
