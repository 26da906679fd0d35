resource "aws_default_network_acl" "main" {
  default_network_acl_id = aws_vpc.main.default_network_acl_id
  egress {
    rule_no   = 100
    action    = "allow"
    protocol  = "-1"
    cidr_block = "0.0.0.0/0"
    from_port = 0
    to_port   = 0
  }
  ingress {
    rule_no   = 100
    action    = "allow"
    protocol  = "-1"
    cidr_block = "0.0.0.0/0"
    from_port = 0
    to_port   = 0
  }
}
