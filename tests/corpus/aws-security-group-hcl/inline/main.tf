resource "aws_security_group" "web" {
  ingress {
    description      = "web"
    from_port        = 80
    to_port          = 80
    protocol         = "tcp"
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }
  ingress {
    from_port       = 8080
    to_port         = 8090
    protocol        = "6"
    self            = true
    security_groups = ["sg-0123", aws_security_group.lb.id]
    prefix_list_ids = ["pl-0123"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["10.0.0.0/8", "10.1.0.0/16"]
  }
}
resource "aws_security_group" "lb" {}
