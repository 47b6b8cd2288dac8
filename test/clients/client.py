"""A client in Python: grpcio and protobuf, with messages made from a descriptor set; no generated code.

Usage: client.py ADDRESS CERTS DESCRIPTOR_SET SOURCE
Plays a story against a Solo and prints one line of JSON per step: [name, what came of it].
"""

import json
import pathlib
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

address, certs, descriptor_set, source = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]

pool = descriptor_pool.DescriptorPool()
files = descriptor_pb2.FileDescriptorSet()
files.ParseFromString(pathlib.Path(descriptor_set).read_bytes())
for file in files.file:
    pool.Add(file)

# Its name before protobuf 4.22.
class_of = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype


def channel_of(name):
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(certs / "ca.pem").read_bytes(),
        private_key=None if name is None else (certs / f"{name}.key").read_bytes(),
        certificate_chain=None if name is None else (certs / f"{name}.pem").read_bytes(),
    )
    return grpc.secure_channel(address, credentials)


def method_of(channel, service, name):
    method = pool.FindServiceByName(service).methods_by_name[name]
    request = class_of(method.input_type)
    response = class_of(method.output_type)
    kind = channel.unary_stream if method.server_streaming else channel.unary_unary
    stub = kind(f"/{service}/{name}", request.SerializeToString, response.FromString)
    return lambda timeout=20, **fields: stub(request(**fields), timeout=timeout)


class Solo:
    def __init__(self, channel):
        self.channel = channel

    def __getattr__(self, name):
        return method_of(self.channel, "solo.v1.SoloKernel", name)


def say(name, outcome):
    print(json.dumps([name, outcome]), flush=True)


def said(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def refusal(ask):
    """The status code's name, and the reason that Solo's details give."""
    try:
        ask()
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        status = class_of(pool.FindMessageTypeByName("google.rpc.Status"))
        info = class_of(pool.FindMessageTypeByName("google.rpc.ErrorInfo"))()
        for detail in status.FromString(details).details:
            if detail.Unpack(info):
                break
        return [error.code().name, info.reason]
    return ["OK", ""]


tenant = Solo(channel_of("tenant-default"))
admin = Solo(channel_of("admin"))
code = pathlib.Path(source).read_bytes()

say("health", said(method_of(tenant.channel, "grpc.health.v1.Health", "Check")()))
say("Deploy", said(tenant.Deploy(service_id="py", code=code, request_id="py-1")))
say("Deploy again", said(tenant.Deploy(service_id="py", code=code, request_id="py-1")))
say("Call", json.loads(tenant.Call(service_id="py", method="add", args=b"[20]").result))
tenant.Cast(service_id="py", method="add", args=b"[22]")
say("Cast", json.loads(tenant.Call(service_id="py", method="get").result))
say("Status", said(tenant.Status(service_id="py")))
say("List", [service.service_id for service in tenant.List().services])
say("Validate", tenant.Validate(code=b"class {").valid)
tenant.Call(service_id="py", method="reset")
watched = tenant.Watch(service_id="py", include_logs=True, tail_lines=10)
events = []
for item in watched:
    events.append(item.WhichOneof("event"))
    if item.WhichOneof("event") == "log":
        say("Watch", [events, item.log.message])
        break
watched.cancel()
say("QueryEvents", [event.event_type for event in tenant.QueryEvents().events])
replayed = tenant.WatchEvents()
say("WatchEvents", [next(replayed).id, next(replayed).id])
replayed.cancel()
say("ReplayState", "py" in json.dumps(said(tenant.ReplayState())))
say("Kill", said(tenant.Kill(service_id="py")))
say("CreateTenant", said(admin.CreateTenant(tenant_id="py-made")))
say("ListTenants", sorted(one.tenant_id for one in admin.ListTenants().tenants))
say("IssueCertificate", admin.IssueCertificate(tenant_id="py-made").certificate_pem.startswith("-----BEGIN CERTIFICATE"))
say("DeleteTenant", said(admin.DeleteTenant(tenant_id="py-made")))
say("VerifyLog", admin.VerifyLog().valid)

say("refused: missing", refusal(lambda: tenant.Status(service_id="nobody")))
say("refused: not admin", refusal(lambda: tenant.VerifyLog()))
say("refused: syntax", refusal(lambda: tenant.Deploy(service_id="bad", code=b"class {")))
# Trailers have a size that grpc's core enforces: an error with a long stack must fit all the same.
deep = b"""import { Service } from "solo:service";
export default class Deep extends Service {
  down(n) { if (n === 0) throw new Error("x".repeat(5000)); return this.down(n - 1); }
}"""
tenant.Deploy(service_id="deep", code=deep)
say("refused: long", refusal(lambda: tenant.Call(service_id="deep", method="down", args=b"[200]")))
for name in pool.FindServiceByName("solo.v1.SoloKernel").methods_by_name:
    if name not in sys.argv[5].split(","):
        say(f"missing: {name}", refusal(lambda name=name: getattr(admin, name)()))
say("refused: no certificate", refusal(lambda: Solo(channel_of(None)).List())[0])
say("Shutdown", said(admin.Shutdown(timeout_seconds=10)))
