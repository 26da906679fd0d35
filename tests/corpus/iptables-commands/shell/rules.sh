iptables -P OUTPUT DROP
for host in 192.0.2.1 192.0.2.2; do
  iptables -A OUTPUT -d "$host" -j ACCEPT
done
iptables -A OUTPUT -d $(dig +short api.example.com) -j ACCEPT
iptables -A OUTPUT -d 192.0.2.3 -j ACCEPT || exit 1
