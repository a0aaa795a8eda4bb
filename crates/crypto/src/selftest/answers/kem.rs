//! Known answers of every KEM; made by `answers/make.mjs`, which names its sources.
//!
//! Do not edit: run the script. Large values are files beside it.

use super::{Kem, hex};

pub(super) static TABLE: &[Kem] = &[
    Kem {
        name: "ML-KEM-512",
        private: &hex::<64>(
            "0a70a7f2126750d9ed0b5dae1eb6c0a32efdee0477dbf080561f3f5ab1a13d390c8cd1721062092c0f94235e177c42c8d99c0861fc65203b06bad40660d5cf5a",
        ),
        public_sha256: hex("aedce413565365caf683f68841d2813f6cd65421d220b38bf3db8180fa517600"),
        ciphertext: include_bytes!("../../../answers/ml-kem-512.ct"),
        secret: &hex::<32>(
            "e3ed23cfbb47b7becfc5cf90f2a41b1066d1542c84cab955ad8ebd9386b38ba6",
        ),
        rejected: Some(&hex::<32>(
            "165d24696f10bddcfabccd8e734182d95b600c3b1e318848a0a3930e0c2edf38",
        )),
    },
    Kem {
        name: "ML-KEM-768",
        private: &hex::<64>(
            "b60985d733ee41390d8441bbf12d60ca2c5bbce410ea6b30b3b1d75f942abe0ac1d6d76fd25cf11b5146d8f555ec1559821204657a422731c2e40eb5eb3a78b0",
        ),
        public_sha256: hex("57db6caf5f5e44be54e5c66d89683c2aa54576e53dc68e1a531c3d440e5e338e"),
        ciphertext: include_bytes!("../../../answers/ml-kem-768.ct"),
        secret: &hex::<32>(
            "f09bde1495e0e962cda909838ae8b8eec405dfce79949b17cccc510fd16452e8",
        ),
        rejected: Some(&hex::<32>(
            "922186c3ccba8e975bb984c4400689a679c9a01a0ca972a46572d31016645d0e",
        )),
    },
    Kem {
        name: "ML-KEM-1024",
        private: &hex::<64>(
            "4c9d7467440b9e49538d62a576a6e5a7bdab5c30ba651318d49533cc4f75f8ddf669edcfa73a7731c9b76ee6fb7603a607504598f6e83cac7ed5df951135d7d3",
        ),
        public_sha256: hex("5b0e6dae703b435b49a41f695b7d5db5a98e14d7619e9c10aac7f2a44de9c020"),
        ciphertext: include_bytes!("../../../answers/ml-kem-1024.ct"),
        secret: &hex::<32>(
            "469616b3df36df9331ff8a13b69d8aa8c16e494fe5cb58ae4e6414854107a70d",
        ),
        rejected: Some(&hex::<32>(
            "a2bfc8fdcf10c4900113a25a7eea571996878ef1e2a68f9e60dd005a9fa9666b",
        )),
    },
    Kem {
        name: "X25519",
        private: &hex::<32>(
            "3a74d91614a281b548512a628c813621c640b5959b88966b93442884a53fa230",
        ),
        public_sha256: hex("bf33e77baaf65b2f63483bbde6d928a11f5f344da57b36148dfd636095f39efe"),
        ciphertext: include_bytes!("../../../answers/x25519.ct"),
        secret: &hex::<32>(
            "e87e2457190af26873aea4dd188e83e89ff6ed60f5f0fe54e264915fc28e095b",
        ),
        rejected: None,
    },
    Kem {
        name: "P-256",
        private: &hex::<32>(
            "357721949a68fd850fe6f5058ab85fcb501ea95b806b7fb8717c4305c555c4a0",
        ),
        public_sha256: hex("353c4c6a9bfd9ad57dc9a0fde2e57e7f05db05250540faf75ac10d60bf3df692"),
        ciphertext: include_bytes!("../../../answers/p-256.ct"),
        secret: &hex::<32>(
            "342e9795d3517083c4795ecb02fa3e4b61f48065125b19465508a0e9c1ce508c",
        ),
        rejected: None,
    },
    Kem {
        name: "P-384",
        private: &hex::<48>(
            "d3151c6504b800febca1931ecc5847d3c0aeec4429eaf7648ca66036f78e670578b012255ec21d5c73a578cfc1c4acfe",
        ),
        public_sha256: hex("3e082f69673fd9bcc372d25c424bd92b74d96683eff95073a4949b513f449670"),
        ciphertext: include_bytes!("../../../answers/p-384.ct"),
        secret: &hex::<48>(
            "fb0b901f6ffb11f3dc737aa5f9b3597c4baa4b1a1a8568a918ccce23f78ab626884a6f12704c9557878deda2406c7197",
        ),
        rejected: None,
    },
    Kem {
        name: "X-Wing",
        private: &hex::<32>(
            "d9c2903449fa3a4cfb6f58e8cb7963d18002388207d3378f1e2e8e6a8185f7ff",
        ),
        public_sha256: hex("9c46a833e4363e8ab34cee9d1959cb417b3b3ab9a2e10edeb0a311453396ab20"),
        ciphertext: include_bytes!("../../../answers/x-wing.ct"),
        secret: &hex::<32>(
            "f00ec13030630cb2dcb187765ba1fbaf13e696a9aec8670865aee9e35c4f4082",
        ),
        rejected: Some(&hex::<32>(
            "7b54fc9886f3eadb8692a7229e2c75db0645f218c2863db4f9824d9eae1d7599",
        )),
    },
    Kem {
        name: "MLKEM768-P256",
        private: &hex::<32>(
            "d632279108bda0a445b95296a163af5592f82f4123a38d4011ee9e6b13cd92b6",
        ),
        public_sha256: hex("af040a78232b0b0754b277bafd2591986781e729f51634c08a46fb8052fb49a6"),
        ciphertext: include_bytes!("../../../answers/mlkem768-p256.ct"),
        secret: &hex::<32>(
            "6dd372546810eeaf94824b7fe7eff0e413f4c216fae6d690d3e51752271c8ac8",
        ),
        rejected: Some(&hex::<32>(
            "7612e2ee765c55438cf2e60c9f22c83a78e07e6633965841a6ec702b5b8a8388",
        )),
    },
    Kem {
        name: "MLKEM1024-P384",
        private: &hex::<32>(
            "ee84833f32beeb6ae5b688ac0cdb172ddc743c64e4984e6891d6d34f2d4004c9",
        ),
        public_sha256: hex("b6d867e4b8c34b1bfa4f785d486ebcb1bf7b50efdcc5d97917d881fc0c84b1b6"),
        ciphertext: include_bytes!("../../../answers/mlkem1024-p384.ct"),
        secret: &hex::<32>(
            "aa94b391f58d3beddc75fba0baa7b6945f4d47df6689e7033f26feddad9a5b74",
        ),
        rejected: Some(&hex::<32>(
            "cb5406baab37b219b252b484ecec6b5a7b24e9b6bc661a9bcb05cc1f3df8e64f",
        )),
    },
];
