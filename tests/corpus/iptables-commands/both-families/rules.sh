iptables -P OUTPUT DROP
ip6tables -P OUTPUT DROP
iptables -A OUTPUT -d 192.0.2.1 -j ACCEPT
ip6tables -A OUTPUT -d 2001:DB8:0::1 -p icmpv6 --icmpv6-type echo-request -j ACCEPT
