sudo /usr/sbin/iptables -w -P OUTPUT DROP
  /sbin/iptables-legacy -w 5 -A OUTPUT -d 192.0.2.1 -j ACCEPT
iptables-nft --wait -A OUTPUT -d 192.0.2.2 -j ACCEPT
