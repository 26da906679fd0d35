resource "aws_vpc_security_group_egress_rule" "a" {
  security_group_id = "sg-1"
  description       = "} resource \"aws_security_group\" \"x\" { # $${not} %%{this}"
  ip_protocol       = "tcp" // 0.0.0.0/0
  from_port         = 443 /* to_port = 1 */
  to_port           = 443
  cidr_ipv4         = "192.0.2.0/24"
  tags = {
    cidr_ipv4 = "0.0.0.0/0"
    note      = <<-EOT
      ip_protocol = "-1"
    EOT
  }
}
