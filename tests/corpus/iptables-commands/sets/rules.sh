iptables -P OUTPUT DROP
iptables -A OUTPUT -m set --match-set vendor dst -p tcp --dport 443 -j ACCEPT
iptables -A OUTPUT -m set --match-set absent dst -j ACCEPT
