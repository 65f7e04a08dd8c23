"""sluice-load against the real gateway: every scenario in small, and every kind of loss found.

    load_test.py BUILD_DIR SCENARIO_DIR
"""
import glob
import json
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
import unittest

from perf.bench import histogram, processes
from tests.perf import fault_proxy

POLLERS = ("epoll", "uring")
# Small enough for a machine that does ten other things: no test here asks how fast it was.
SMALL = {"connections": 40, "warmup_seconds": 0.05, "seconds": 0.3, "rate": 400, "pause_at": 0,
         "heartbeat_seconds": 1}
CASES = {"fanout_100": {"connections": 200}, "fanout_1000": {"connections": 1000, "rate": 20_000},
         "slow_readers": {"connections": 200}, "mixed": {"connections": 200, "group": 5}}


class LoadTest(unittest.TestCase):
    build = ""
    scenarios = ""

    def gateway(self, poller="epoll", flags=()):
        server = processes.start_gateway(self.build, poller, flags=flags)
        self.addCleanup(server.stop)
        return server

    def load(self, name, port, settings=None, words=()):
        """(exit code, result, standard error) of a small run."""
        merged = {**SMALL, **CASES.get(name, {}), **(settings or {})}
        command = [processes.program(self.build, "perf/sluice-load"),
                   os.path.join(self.scenarios, name + ".toml"), f"--server=127.0.0.1:{port}",
                   "--json=-", *words]
        for key, value in merged.items():
            command += ["--set", f"{key}={value}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr

    def assert_all_arrived(self, result):
        counts = result["counts"]
        self.assertTrue(result["correct"], result["faults"])
        self.assertGreater(counts["sent"], 0)
        self.assertEqual(counts["acknowledged"], counts["sent"])
        self.assertEqual(counts["delivered"], counts["expected"])
        self.assertEqual((counts["lost"], counts["twice"], counts["spoilt"]), (0, 0, 0))
        self.assertGreater(result["messages"], 0)

    def test_every_scenario_loses_nothing_on_any_poller(self):
        names = [os.path.basename(path)[:-5] for path in glob.glob(self.scenarios + "/*.toml")]
        self.assertGreaterEqual(len(names), 12)
        for poller in POLLERS:
            server = self.gateway(poller)
            for name in names:
                with self.subTest(poller=poller, scenario=name):
                    code, result, errors = self.load(name, server.port)
                    self.assertEqual((code, errors), (0, ""))
                    self.assert_all_arrived(result)

    def test_a_closed_loop_sends_exactly_the_messages_asked_for(self):
        for name in ("ping", "chat", "fanout_10", "storm"):
            with self.subTest(scenario=name):
                code, result, _ = self.load(name, self.gateway().port,
                                            {"loop": "closed", "messages": 720, "depth": 3})
                self.assertEqual(code, 0)
                self.assert_all_arrived(result)
                unit = "delivered" if name == "fanout_10" else "acknowledged"
                self.assertGreaterEqual(result["counts"][unit], 720)
                if name != "fanout_10":
                    self.assertEqual(result["counts"]["sent"], 720)

    def test_an_open_loop_sends_what_its_schedule_says(self):
        _, result, _ = self.load("chat", self.gateway().port, {"rate": 500, "seconds": 0.4})
        # From the start of the warm-up: 0.45 s of 500/s, the moment at 0 included.
        self.assertEqual(result["counts"]["sent"], 225)
        self.assertEqual(result["latency"]["answer"]["corrected"]["count"], 200)
        self.assertEqual(result["lateness"]["count"], 200)

    def test_workers_share_the_work_and_their_histograms_are_merged(self):
        for name in ("chat", "fanout_10"):
            _, result, _ = self.load(name, self.gateway().port, {"connections": 60, "depth": 4},
                                     ["--workers=3"])
            self.assert_all_arrived(result)
            self.assertEqual(result["connections"]["opened"], 60)
            self.assertEqual(len(result["generator"]["workers"]), 3)
            summary = result["latency"]["answer"]["corrected"]
            log = histogram.decode(summary["log"])
            self.assertEqual(log.count, summary["count"])
            self.assertEqual(log.percentile(99), summary["p99"])

    def test_both_framings_are_spoken(self):
        for framing in ("wkproto", "frame6"):
            _, result, _ = self.load("chat", self.gateway().port, {"framing": framing})
            self.assert_all_arrived(result)
            self.assertEqual(result["scenario"]["framing"], framing)

    def test_the_seed_decides_who_sends_when_and_nothing_else(self):
        server = self.gateway()
        results = [self.load("chat", server.port, words=[f"--seed={seed}"])[1] for seed in (1, 2)]
        self.assertEqual(results[0]["counts"], results[1]["counts"])

    def test_lateness_is_of_every_message_that_was_due(self):
        # One connection, and many messages due before the first answer: most have to wait.
        _, result, _ = self.load("ping", self.gateway().port,
                                 {"connections": 1, "rate": 20_000, "seconds": 0.2})
        self.assert_all_arrived(result)
        self.assertEqual(result["lateness"]["count"], 4000)
        self.assertEqual(result["latency"]["answer"]["corrected"]["count"], 4000)

    def led(self, name, settings, workers=1, server=None):
        """A load that is led through its steps, and stands at `ready`."""
        load = processes.start_load(self.build, os.path.join(self.scenarios, name + ".toml"),
                                    server or self.gateway(), workers=workers,
                                    settings={**SMALL, **settings})
        self.addCleanup(load.kill)
        return load

    @staticmethod
    def workers_of(load):
        with open(f"/proc/{load.process.pid}/task/{load.process.pid}/children",
                  encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def test_a_stall_of_the_load_is_its_own_lateness_and_loses_nothing(self):
        load = self.led("ping", {"rate": 2000, "seconds": 1})
        load.ready()
        worker, = self.workers_of(load)
        load.go()
        load.wait_measure()
        os.kill(worker, signal.SIGSTOP)
        time.sleep(0.3)  # At least so long: this is the stall, no wait for something.
        os.kill(worker, signal.SIGCONT)
        load.wait_done()
        result = load.result()
        self.assertEqual(load.finish(), 0)
        self.assert_all_arrived(result)
        self.assertEqual(result["lateness"]["count"], 2000)
        self.assertGreaterEqual(result["lateness"]["max"], 250e6)
        self.assertGreaterEqual(result["latency"]["answer"]["corrected"]["max"], 250e6)

    def test_a_worker_that_dies_ends_the_load_with_its_signal(self):
        load = self.led("ping", {})
        load.ready()
        os.kill(self.workers_of(load)[0], signal.SIGKILL)
        load.go()
        self.assertEqual(load.process.wait(), 1)
        self.assertRegex(load.errors.text(), "worker process [0-9]+ was ended by signal 9")

    def test_workers_pause_together_at_the_number_of_connections_asked_for(self):
        server = self.gateway()
        load = self.led("idle", {"pause_at": 20}, workers=3, server=server)
        self.assertEqual(load.opened(), 20)
        self.assertEqual(server.metrics()["sluice_connections"], 20)
        load.go()
        load.ready()
        self.assertEqual(server.metrics()["sluice_connections"], SMALL["connections"])

    def test_slow_readers_are_closed_and_counted_and_nobody_else_misses_a_message(self):
        with open(os.path.join(self.scenarios, "slow_readers.toml"), "rb") as file:
            flags = tomllib.load(file)["gateway_flags"].split()
        for poller in POLLERS:
            server = self.gateway(poller, flags)
            # 100 messages of 16 KiB to each group: more than the kernel's buffers and the limits
            # hold for one reader.
            code, result, _ = self.load("slow_readers", server.port,
                                        {"connections": 200, "payload_bytes": 16384,
                                         "loop": "closed", "messages": 18_000})
            self.assertEqual(code, 0)
            self.assert_all_arrived(result)
            self.assertEqual(result["connections"]["slow_closed"], 2)
            self.assertGreaterEqual(result["counts"]["delivered"], 18_000)

    def test_logins_that_nobody_answers_are_lost(self):
        with socket.create_server(("127.0.0.1", 0), backlog=1000) as deaf:
            code, result, _ = self.load("storm", deaf.getsockname()[1],
                                        {"rate": 50, "patience_seconds": 0.5})
        self.assertEqual(code, 1)
        counts = result["counts"]
        self.assertGreater(counts["sent"], 0)
        self.assertEqual((counts["acknowledged"], counts["lost"]), (0, counts["sent"]))
        self.assertIn("logins have no CONNACK", result["faults"][0])

    def spoilt(self, scenario, kind, act, settings=None, number=5):
        """What the load says of a run in which a frame of a kind was tampered with."""
        proxy = fault_proxy.FaultProxy(self.gateway().port, kind, number, act)
        self.addCleanup(proxy.close)
        code, result, _ = self.load(scenario, proxy.port,
                                    {"patience_seconds": 1, "connections": 10, **(settings or {})})
        self.assertEqual(code, 1)
        self.assertFalse(result["correct"])
        self.assertTrue(result["faults"])
        return result["counts"]

    def test_a_lost_answer_is_missed(self):
        for name, kind in (("ping", fault_proxy.PONG), ("chat", fault_proxy.SENDACK)):
            counts = self.spoilt(name, kind, fault_proxy.drop)
            self.assertEqual((counts["lost"], counts["twice"], counts["spoilt"]), (1, 0, 0))

    def test_a_lost_delivery_is_missed(self):
        counts = self.spoilt("chat", fault_proxy.RECV, fault_proxy.drop)
        self.assertEqual((counts["lost"], counts["twice"], counts["spoilt"]), (1, 0, 0))
        self.assertEqual(counts["delivered"], counts["expected"] - 1)

    def test_what_comes_twice_is_noticed(self):
        for name, kind in (("ping", fault_proxy.PONG), ("chat", fault_proxy.SENDACK),
                           ("chat", fault_proxy.RECV), ("fanout_10", fault_proxy.RECV)):
            counts = self.spoilt(name, kind, fault_proxy.double)
            self.assertEqual((counts["twice"], counts["lost"]), (1, 0))

    def test_a_doubled_last_answer_does_not_pass_for_another_one(self):
        counts = self.spoilt("ping", fault_proxy.PONG, fault_proxy.double,
                             {"connections": 1, "loop": "closed", "messages": 11}, number=10)
        self.assertEqual(counts["twice"], 1)

    def test_a_flipped_bit_in_a_payload_is_noticed(self):
        counts = self.spoilt("chat", fault_proxy.RECV, fault_proxy.spoil_last_byte)
        self.assertEqual((counts["spoilt"], counts["lost"]), (1, 1))

    def test_a_server_that_is_not_there_is_an_error_and_not_a_result(self):
        with socket.socket() as deaf:  # A port that is taken, and not listened on.
            deaf.bind(("127.0.0.1", 0))
            code, result, errors = self.load("ping", deaf.getsockname()[1])
        self.assertEqual((code, result), (1, None))
        self.assertIn("cannot connect to 127.0.0.1", errors)

    def test_bad_input_is_refused_by_name(self):
        for settings, words in (({"rate": "fast"}, ["rate = fast", "a number from"]),
                                ({"rote": 1}, ["no key 'rote'", "there are name, title"]),
                                ({"connections": 41}, ["connections must be even"]),
                                ({"messages": 5}, ['set loop = "closed"']),
                                ({"connections": 0}, ["connections = 0", "from 1 to"]),
                                ({"pause_at": 41}, ["set pause_at = 0"]),
                                ({"burst": 2}, ["burst must not be over depth"]),
                                ({"kind": "mixed", "connections": 200, "workers": 2},
                                 ["each needs at least 200"])):
            workers = settings.pop("workers", 1)
            code, result, errors = self.load("chat", 1, settings, [f"--workers={workers}"])
            self.assertEqual((code, result), (2, None))
            for word in words:
                self.assertIn(word, errors)


if __name__ == "__main__":
    LoadTest.build, LoadTest.scenarios = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
