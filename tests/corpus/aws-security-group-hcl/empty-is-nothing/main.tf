# An empty list opens nothing, and never everything.
resource "aws_security_group" "a" {
  egress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = []
  }
}
resource "aws_vpc_security_group_egress_rule" "none" {
  for_each          = toset([])
  security_group_id = "sg-2"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}
