iptables -P OUTPUT DROP
iptables -A OUTPUT \
  -d 192.0.2.0/24 \
  -p tcp --dport 443 \
  -j ACCEPT
