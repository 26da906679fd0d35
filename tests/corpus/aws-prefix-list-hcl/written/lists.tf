resource "aws_ec2_managed_prefix_list" "egress_tcp_443_ipv4" {
  name           = "egress_tcp_443_ipv4"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.0/24"
    description = "why"
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "tcp/443"
  }
}

output "egress_tcp_443_ipv4" {
  value = aws_ec2_managed_prefix_list.egress_tcp_443_ipv4.id
}
